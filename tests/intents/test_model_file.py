"""A model goes into one file and comes back the same; a file that is none is refused with advice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from intents import Classifier, ModelUnusable, load, save, shipped_model
from intents.model_file import SHIPPED

TEXTS = ["50台什么价", "质保几年,带不带制冷", "先看看", "今天天气不错"]


def test_a_model_reads_the_same_after_a_round_trip(small: Classifier, tmp_path: Path) -> None:
    save(small, tmp_path / "m.npz")
    back = load(tmp_path / "m.npz")
    assert back.hash == small.hash
    assert [back.read(text) for text in TEXTS] == [small.read(text) for text in TEXTS]
    assert back.card == small.card


def test_saving_leaves_no_unfinished_file(small: Classifier, tmp_path: Path) -> None:
    save(small, tmp_path / "deep" / "m.npz")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["m.npz"]


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_model_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(ModelUnusable, match="intents train"):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable):
        load(tmp_path / "gone.npz")


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_file_cut_short_is_refused(small: Classifier, tmp_path: Path, keep: float) -> None:
    path = tmp_path / "m.npz"
    save(small, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(ModelUnusable):
        load(path)


def test_a_flipped_byte_is_noticed(small: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    save(small, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ModelUnusable):
        load(path)


def test_another_format_is_refused(small: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    save(small, path)
    with np.load(path) as file:
        arrays = dict(file)
    meta = {**json.loads(arrays["meta"].tobytes()), "format": 1}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(ModelUnusable, match="format 1"):
        load(path)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, meta=np.array([{"format": 2}], dtype=object))
    with pytest.raises(ModelUnusable, match="pickle"):
        load(path)


def test_the_shipped_model_is_small() -> None:
    assert SHIPPED.stat().st_size <= 3_000_000
    assert shipped_model().card["examples"] > 10_000
