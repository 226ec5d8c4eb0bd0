"""A small text encoder as an ONNX file, written without the onnx package: seeded random weights of bge-small-zh's width.

It answers nonsense, reproducibly: made to run the path that an operator's encoder takes, not to measure its quality.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH = 512
"""Dimensions of bge-small-zh-v1.5."""
FLOAT, INT64 = 1, 7
CHARS = "整机质保期为个月自验收合格之日起计算最高转速分噪声不大于贝净重公斤逾交货的每按未部款万五支付违约金报警代码表示驱动器过流请断电后启仍联系售尺寸多久能几年"


def write_encoder(folder: Path, seed: int = 7) -> Path:
    """`model.onnx` and `tokenizer.json` in the folder: token vectors, one dense layer, tanh."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", *dict.fromkeys(CHARS), *"0123456789%,.;。，；EeXx- "]
    vocabulary = {word: at for at, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", continuing_subword_prefix=""))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    rng = np.random.default_rng(seed)
    table = rng.normal(0, 1, (len(vocabulary), WIDTH)).astype(np.float32)
    layer = rng.normal(0, WIDTH**-0.5, (WIDTH, WIDTH)).astype(np.float32)
    (folder / "model.onnx").write_bytes(_model(table, layer))
    return folder


def _model(table: NDArray[np.float32], layer: NDArray[np.float32]) -> bytes:
    """ModelProto: ir_version 8, opset 13, one graph."""
    mean = _node("ReduceMean", ["tokens"], ["whole"], _ints("axes", [1]))
    nodes = [
        _node("Gather", ["table", "input_ids"], ["tokens"]),
        mean,  # every position sees the whole text, as attention would have it
        _node("Add", ["tokens", "whole"], ["mixed"]),
        _node("MatMul", ["mixed", "layer"], ["dense"]),
        _node("Tanh", ["dense"], ["last_hidden_state"]),
    ]
    graph = b"".join(_bytes(1, node) for node in nodes) + _text(2, "encoder")
    graph += _bytes(5, _tensor("table", table)) + _bytes(5, _tensor("layer", layer))
    graph += _bytes(11, _value("input_ids", INT64, ["batch", "length"]))
    graph += _bytes(12, _value("last_hidden_state", FLOAT, ["batch", "length", WIDTH]))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, 13))


def _node(kind: str, inputs: list[str], outputs: list[str], attribute: bytes = b"") -> bytes:
    named = b"".join(_text(1, one) for one in inputs) + b"".join(_text(2, one) for one in outputs)
    return named + _text(4, kind) + (_bytes(5, attribute) if attribute else b"")


def _ints(name: str, values: list[int]) -> bytes:
    return _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, 7)


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    sizes = b"".join(_number(1, size) for size in values.shape)
    return sizes + _number(2, FLOAT) + _text(8, name) + _bytes(9, values.tobytes())


def _value(name: str, kind: int, sizes: list[str | int]) -> bytes:
    each = (_text(2, one) if isinstance(one, str) else _number(1, one) for one in sizes)
    shape = b"".join(_bytes(1, one) for one in each)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
