"""An operator's own encoder (`YIJU_EMBEDDING_MODEL`): a folder with `model.onnx`, or a sentence-transformers model.

ONNX serves without torch: onnxruntime and tokenizers alone. A folder holds `model.onnx` (or `onnx/model.onnx`) and
`tokenizer.json`; pooling is CLS, or mean where `1_Pooling/config.json` says so. What a question begins with is said by
`config_sentence_transformers.json`; for a Chinese bge, known by the folder's or its own name, by its model card.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.encoder import Vectors, unit

LONGEST = 512
"""Tokens; the rest of a text is not read. Passages are shorter."""
BATCH = 16
"""Texts of like length encoded together; more only take more memory on a processor."""
MOST_UNKNOWN = 0.05
"""Share of unknown tokens above which an encoder does not know the company's language."""
BGE_PREFIX = "为这个句子生成表示以用于检索相关文章："
SAMPLE = (
    "整机质保期为24个月,自验收合格之日起计算。",
    "最高转速16500转/分,噪声不大于56分贝,净重28公斤。",
    "逾期交货的,每日按未交部分货款的万分之五支付违约金。",
    "报警代码E07表示驱动器过流,请断电后重启;仍报警请联系售后。",
)


class UnfitEncoder(Exception):
    """The configured model cannot be used; the message says what was found and what to do."""


def encoder_for(model: str, texts: Sequence[str] = SAMPLE) -> OnnxEncoder | SentenceEncoder | None:
    """The encoder that an operator named; None for an empty name (the shipped one serves).

    Raises `UnfitEncoder` where the model cannot be loaded or knows too little of the company's texts.
    """
    if not model:
        return None
    folder = Path(model)
    encoder = OnnxEncoder(folder) if _onnx_file(folder) else SentenceEncoder(model)
    share = encoder.unknown_share(texts)
    if share > MOST_UNKNOWN:
        raise UnfitEncoder(
            f"{model}: {share:.0%} of the tokens of the company's texts are unknown to it (at most {MOST_UNKNOWN:.0%} allowed); "
            "use a Chinese encoder such as bge-small-zh, or leave YIJU_EMBEDDING_MODEL empty"
        )
    return encoder


def _onnx_file(folder: Path) -> Path | None:
    return next(
        (path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()), None
    )


class OnnxEncoder:
    """A BERT-like encoder by onnxruntime."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        path = _onnx_file(folder)
        if path is None or not (folder / "tokenizer.json").is_file():
            raise UnfitEncoder(
                f"{folder}: expected model.onnx and tokenizer.json in this folder; export the model to ONNX first"
            )
        self._path = path
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()  # type: ignore[attr-defined]
        # threads that spin while they wait doubled the processor time of a question, and its clock on a busy machine
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(  # type: ignore[attr-defined]
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._wants = {one.name for one in self._session.get_inputs()}
        self._mean = _pools_by_mean(folder)
        self._prefix = _prefix(folder)
        self._lower = _knows_no_capitals(self._tokenizer)
        self.dimensions = int(self._batch(["尺寸"]).shape[1])

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256(self._path.read_bytes()).hexdigest()[:12]

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        prefix = self._prefix if question else ""
        by_length = sorted(
            range(len(texts)), key=lambda at: len(texts[at])
        )  # a batch is as long as its longest
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), BATCH):
            some = by_length[start : start + BATCH]
            found[some] = self._batch([prefix + texts[at] for at in some])
        return found

    def _batch(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch([self._spelled(text) for text in texts])
        every = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], dtype=np.int64),
            "token_type_ids": np.array([one.type_ids for one in encoded], dtype=np.int64),
        }
        output = self._session.run(None, {name: every[name] for name in self._wants})[0]
        return unit(_pooled(output, every["attention_mask"], self._mean))

    def unknown_share(self, texts: Sequence[str]) -> float:
        return _unknown_share(self._tokenizer, [self._spelled(text) for text in texts])

    def _spelled(self, text: str) -> str:
        return text.lower() if self._lower else text


def _pooled(output: Any, mask: Any, by_mean: bool) -> Any:
    """Token vectors → one a text; a model that pools itself gives two dimensions already."""
    if output.ndim == 2:
        return output
    if not by_mean:
        return output[:, 0]
    weight = mask[:, :, None]
    return (output * weight).sum(axis=1) / weight.sum(axis=1)


def _pools_by_mean(folder: Path) -> bool:
    """Older releases of sentence-transformers wrote a flag for each mode, newer ones write its name."""
    said = _read(folder / "1_Pooling" / "config.json")
    return bool(said.get("pooling_mode_mean_tokens")) or said.get("pooling_mode") == "mean"


def _prefix(folder: Path) -> str:
    """What the model wants before a question and not before a passage."""
    said = _read(folder / "config_sentence_transformers.json").get("prompts") or {}
    if "query" in said:
        return str(said["query"])
    names = (folder.name, str(_read(folder / "config.json").get("_name_or_path", "")))
    return BGE_PREFIX if any(_is_chinese_bge(name) for name in names) else ""


def _is_chinese_bge(name: str) -> bool:
    return "bge" in name.lower() and "zh" in name.lower()


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _knows_no_capitals(tokenizer: Any) -> bool:
    """bge-small-zh is published so: its words are all small, its tokenizer leaves capitals, and X200 is unknown to it."""
    return _unknown_share(tokenizer, ["X"]) == 1.0 and _unknown_share(tokenizer, ["x"]) == 0.0


def _unknown_share(tokenizer: Any, texts: Sequence[str]) -> float:
    tokens = [token for text in texts for token in tokenizer.encode(text, add_special_tokens=False).tokens]
    return sum(token in {"[UNK]", "<unk>"} for token in tokens) / max(len(tokens), 1)


class SentenceEncoder:
    """Any sentence-transformers model; loads torch, so prefer ONNX for serving."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise UnfitEncoder(
                f"{name}: no folder with model.onnx, and sentence-transformers cannot load it ({error})"
            ) from error
        self._name = name
        self._prefix = BGE_PREFIX if _is_chinese_bge(name) else ""
        self.dimensions = int(self._model.get_sentence_embedding_dimension() or 0)

    @cached_property
    def fingerprint(self) -> str:
        """Of what the model answers: weights are many files, some of them remote names."""
        return hashlib.sha256(np.round(self.encode(SAMPLE), 4).tobytes()).hexdigest()[:12]

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        prefix = self._prefix if question else ""
        found = self._model.encode(
            [prefix + text for text in texts], normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32)

    def unknown_share(self, texts: Sequence[str]) -> float:
        backend = getattr(self._model.tokenizer, "backend_tokenizer", None)
        return _unknown_share(backend, texts) if backend is not None else 0.0
