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
from tests.fakes.onnx_model import WIDTH, write_encoder


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


@pytest.fixture
def bge(tmp_path: Path) -> Path:
    """Weights are random: this proves the path, not the quality."""
    return write_encoder(tmp_path / "bge-small-zh-random")


def test_an_onnx_folder_is_run_by_onnxruntime(bge: Path) -> None:
    encoder = encoder_for(str(bge))
    assert isinstance(encoder, OnnxEncoder)
    vectors = encoder.encode(["整机质保期为24个月", "最高转速", "整机质保期为24个月"])
    assert vectors.shape == (3, WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-5)
    assert vectors[0] @ vectors[1] < 0.99


def test_a_bge_model_is_asked_with_its_prefix(bge: Path) -> None:
    encoder = OnnxEncoder(bge)
    plain, asked = encoder.encode(["质保多久"])[0], encoder.encode(["质保多久"], question=True)[0]
    assert not np.allclose(plain, asked, atol=1e-3)


def test_texts_beyond_one_batch_get_the_same_vectors(bge: Path) -> None:
    encoder = OnnxEncoder(bge)
    many = encoder.encode(["质保期"] * 40)
    assert many.shape == (40, WIDTH)
    assert np.allclose(many, many[0], atol=1e-5)


def test_other_weights_have_another_fingerprint(bge: Path, tmp_path: Path) -> None:
    other = write_encoder(tmp_path / "other", seed=8)
    assert OnnxEncoder(bge).fingerprint != OnnxEncoder(other).fingerprint


def test_texts_that_the_tokenizer_does_not_know_are_refused(bge: Path) -> None:
    with pytest.raises(UnfitEncoder, match="unknown"):
        encoder_for(str(bge), ["量子纠缠与黑洞蒸发"])


def test_a_library_answers_with_it_and_keeps_customers_apart(
    bge: Path, engine: Engine, tmp_path: Path
) -> None:
    made = Library(engine, tmp_path / "own", embedder=encoder_for(str(bge)))
    for name, text, customer in (
        ("手册.md", "# 说明\n整机质保期为24个月。", None),
        ("合同.txt", "第一条 质保期为36个月。", "A1"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        made.add(tmp_path / name, customer=customer)
    assert "24" in made.search("质保期多久").evidence[0].passage.text
    assert all(one.passage.customer is None for one in made.search("质保期多久", customer="B2").evidence)
    assert made.check().ok
    made.close()
