"""A text encoder of bge-small-zh's shape with seeded random weights: `python -m eval.bench.encoder_model FOLDER`.

It answers nonsense, reproducibly. Needs torch, transformers and onnx, so it runs in a process of its own; what serves the
folder afterwards needs none of them. `reference.npz` holds what the original model makes of some texts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SHAPE = Path(__file__).with_name("bge")
"""Tokenizer and configuration of BAAI/bge-small-zh-v1.5."""
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUT = "last_hidden_state"
OPSET = 17
PREFIX = "为这个句子生成表示以用于检索相关文章："
"""What the model card puts before a question, and before no passage."""
TEXTS = ("整机质保期为24个月,自验收合格之日起计算。", "最高转速16500转/分", "e07", "质保多久" * 200)
QUESTION = "质保多久"


def make(folder: Path, int8: bool = False) -> Path:
    """The model in the folder, made by a child process. Raises `CalledProcessError`."""
    command = [sys.executable, "-W", "ignore", "-m", "eval.bench.encoder_model", str(folder)]
    subprocess.run(
        [*command, *(["--int8"] if int8 else [])],
        check=True,
        capture_output=True,
        timeout=300,
        cwd=Path(__file__).parents[2],
    )
    return folder


def write(folder: Path, seed: int, int8: bool) -> None:
    import torch
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "config.json"):
        shutil.copy(SHAPE / name, folder / name)
    torch.manual_seed(seed)
    shape = BertConfig(**json.loads((SHAPE / "config.json").read_text(encoding="utf-8")))
    shape._attn_implementation = "eager"  # the exporter knows its operators
    model: Any = BertModel(shape, add_pooling_layer=False)
    model.eval()
    _export(model, folder / "model.onnx")
    _remember(model, folder)
    if int8:
        from onnxruntime import quantization

        path = folder / "model.onnx"
        quantization.quantize_dynamic(path, path, weight_type=quantization.QuantType.QInt8)  # type: ignore[attr-defined]


def _export(model: Any, path: Path) -> None:
    import torch

    class Tokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, mask: Any, types: Any) -> Any:
            return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    ones = torch.ones(2, 9, dtype=torch.int64)
    sizes = {name: {0: "batch", 1: "length"} for name in (*INPUTS, OUTPUT)}
    torch.onnx.export(
        Tokens().eval(),  # or the exporter leaves the model in training, with dropout
        (ones, ones, torch.zeros_like(ones)),
        str(path),
        input_names=INPUTS,
        output_names=[OUTPUT],
        dynamic_axes=sizes,
        opset_version=OPSET,
        dynamo=False,  # the newer exporter needs one more package
    )


def _remember(model: Any, folder: Path) -> None:
    """What sentence-transformers would answer: the first token's vector at length 1, of each text by itself."""
    import numpy as np
    import torch
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))  # type: ignore[no-untyped-call]

    def vector(text: str) -> Any:
        ids = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
        with torch.no_grad():
            first = model(**{name: ids[name] for name in INPUTS if name in ids}).last_hidden_state[0, 0]
        return torch.nn.functional.normalize(first, dim=0).numpy()

    np.savez(
        folder / "reference.npz",
        passages=np.stack([vector(text) for text in TEXTS]),
        question=vector(PREFIX + QUESTION),
    )


if __name__ == "__main__":
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("folder", type=Path)
    told.add_argument("--seed", type=int, default=7)
    told.add_argument("--int8", action="store_true", help="quantised weights, as served on small machines")
    asked = told.parse_args()
    write(asked.folder, asked.seed, asked.int8)
