"""An operator's encoder: served by ONNX, refused with a reason where it is unfit, and never mixed with another's vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from knowledge import Library
from knowledge.encoder import HashedNgrams, Vectors, ngrams, unit
from knowledge.pretrained import OnnxEncoder, UnfitEncoder, _pooled, _unknown_share, encoder_for


def test_no_name_means_the_shipped_encoder() -> None:
    assert encoder_for("") is None


def test_a_folder_without_its_tokenizer_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(UnfitEncoder, match=r"tokenizer\.json"):
        OnnxEncoder(tmp_path)


def test_the_first_token_or_the_mean_of_all_real_ones_is_the_text(tmp_path: Path) -> None:
    tokens = np.array([[[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]]])
    mask = np.array([[1, 1, 0]])
    assert _pooled(tokens, mask, by_mean=False).tolist() == [[1.0, 0.0]]
    assert _pooled(tokens, mask, by_mean=True).tolist() == [[2.0, 2.0]]
    assert _pooled(tokens[0], mask, by_mean=True).shape == (3, 2)


def test_unknown_tokens_are_counted() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"质": 0, "保": 1, "[UNK]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    assert _unknown_share(tokenizer, ["质保期年"]) == 0.5
    assert _unknown_share(tokenizer, []) == 0.0


class Reversed:
    """Another encoder of the same shape."""

    dimensions = 112
    fingerprint = "reversed"

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        return HashedNgrams.load().encode(texts)[:, ::-1].copy()


def test_another_encoder_rebuilds_the_index_and_changes_its_hash(
    library: Library, engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "手册.md"
    path.write_text("# 说明\n整机质保期为24个月。", encoding="utf-8")
    library.add(path)
    before = library.index_hash
    other = Library(engine, tmp_path / "data", embedder=Reversed())
    assert other.search("保多久").evidence
    assert other.index_hash != before
    assert other.check().ok


class TestShipped:
    def test_every_text_is_a_unit_vector_and_unknown_text_is_none(self) -> None:
        vectors = HashedNgrams.load().encode(["质保期", "X200R 转速", "", "。。。"])
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0, 0], abs=1e-5)

    def test_everyday_words_lie_nearer_to_their_written_term_than_to_another(self) -> None:
        asked, right, wrong = HashedNgrams.load().encode(["吵不吵", "噪声", "付款方式"])
        assert asked @ right > asked @ wrong + 0.2

    def test_what_is_saved_is_loaded_again(self, tmp_path: Path) -> None:
        shipped = HashedNgrams.load()
        shipped.save(tmp_path / "copy.npz")
        assert HashedNgrams.load(tmp_path / "copy.npz").fingerprint == shipped.fingerprint

    def test_ngrams_are_of_chinese_runs_and_other_words_whole(self) -> None:
        assert ngrams("质保X200R") == ["质", "保", "质保", "x200r"]

    def test_a_row_of_zeros_stays(self) -> None:
        assert unit(np.zeros((1, 3), dtype=np.float32)).tolist() == [[0, 0, 0]]


def test_asking_loads_neither_torch_nor_sentence_transformers() -> None:
    import subprocess
    import sys

    script = "import sys, knowledge.library; print(sorted({'torch','sentence_transformers','chromadb'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
