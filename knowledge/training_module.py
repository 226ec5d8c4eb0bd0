"""The trainable twin of `HashedNgrams`: an embedding bag as a sentence-transformers module (needs torch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sentence_transformers.base.modules import InputModule

from knowledge.encoder import buckets


class NgramBag(InputModule):
    """Hashed character n-grams → mean → unit vector; leaves a share of n-grams out while it learns."""

    config_keys: list[str] = ["rows", "dimensions"]  # noqa: RUF012 - as the base class declares it
    save_in_root: bool = True

    def __init__(
        self, rows: int, dimensions: int, spread: float = 0.1, dropout: float = 0.0, seed: int = 0
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.rows, self.dimensions, self.dropout = rows, dimensions, dropout
        self.bag = torch.nn.EmbeddingBag(rows, dimensions, mode="sum")
        torch.nn.init.normal_(self.bag.weight, std=spread)
        self._random = np.random.default_rng(seed)
        self._known: dict[str, list[int]] = {}
        self.tokenizer = None  # type: ignore[assignment]

    def preprocess(self, inputs: Any, prompt: str | None = None, **_: Any) -> dict[str, Any]:
        places = [self._kept(text) for text in inputs]
        offsets = np.cumsum([0, *(len(one) for one in places[:-1])])
        return {"places": torch.tensor([p for one in places for p in one]), "offsets": torch.tensor(offsets)}

    def _kept(self, text: str) -> list[int]:
        places = self._known.setdefault(text, buckets(text, self.rows) or [0])
        if not self.training or self.dropout == 0:
            return places
        keep = self._random.random(len(places)) >= self.dropout
        return [place for place, stays in zip(places, keep, strict=True) if stays] or places

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        summed = self.bag(features["places"], features["offsets"])
        features["sentence_embedding"] = torch.nn.functional.normalize(summed, dim=1)
        return features

    def get_embedding_dimension(self) -> int:
        return self.dimensions

    def table(self) -> Any:
        return self.bag.weight.detach().numpy().copy()

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        self.save_config(output_path)
        self.save_torch_weights(output_path, safe_serialization=safe_serialization)
