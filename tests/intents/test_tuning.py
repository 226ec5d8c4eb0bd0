"""Tuning a small BERT of random weights end to end: loaded, tuned, exported, and taken by serving as it was in torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.encoders import for_intents
from intents import EncoderUnusable, Example
from intents.meaning import Tuned
from intents.tuning import LEFT_OUT, Choices, tune
from knowledge.pretrained import OnnxEncoder
from tests.intents.conftest import SENTENCES, small_set

pytestmark = pytest.mark.filterwarnings("ignore")  # of the exporter and of transformers, about themselves


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A character vocabulary over the sentences, two thin layers."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    letters = sorted({letter for texts in SENTENCES.values() for text in texts for letter in text.lower()})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *"整机质保期为个月"]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(words)), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = BertConfig(
        vocab_size=len(dict.fromkeys(words)), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64,
    )  # fmt: skip
    BertModel(shape).save_pretrained(folder)
    made = tmp_path_factory.mktemp("made") / "bert"
    inner = Transformer(str(folder))
    SentenceTransformer(modules=[inner, Pooling(32, "mean")]).save(str(made), create_model_card=False)
    return made


def test_a_tuned_encoder_serves_and_says_which_fold_it_has_not_seen(bert: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    said: list[str] = []
    out = tmp_path / "tuned"
    tune(bert, out, small_set(), Choices(steps=40, batch=16, rate=1e-3), said.append)
    assert json.loads((out / "tuned.json").read_text())["unseen_fold"] == LEFT_OUT
    texts = [one.text.lower() for one in small_set()]
    served, torch = OnnxEncoder(out).encode(texts), SentenceTransformer(str(out), device="cpu")
    assert np.allclose(served, torch.encode(texts, normalize_embeddings=True), atol=1e-4)
    before = SentenceTransformer(str(bert), device="cpu").encode(texts, normalize_embeddings=True)
    assert _apart(served) > _apart(before) + 0.1
    assert any("40/40" in line for line in said)


def _apart(vectors: np.ndarray) -> float:
    """How much nearer utterances of one intent lie to each other than to others."""
    intents = np.array([one.intent for one in small_set()])
    same, alike = intents[:, None] == intents[None], vectors @ vectors.T
    return float(alike[same].mean() - alike[~same].mean())


def test_what_cannot_be_tuned_is_said(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderUnusable, match="is no folder"):
        tune(tmp_path / "nowhere", tmp_path / "out", small_set())
    with pytest.raises(EncoderUnusable, match="settle more labels"):
        tune(bert, tmp_path / "out", [Example("a-1", "多少钱", "customer", "quote_request")])
    (tmp_path / "bare").mkdir()
    with pytest.raises(EncoderUnusable, match="safetensors"):
        tune(tmp_path / "bare", tmp_path / "out", small_set())
    assert not (tmp_path / "out").exists()


def test_a_folder_that_was_not_tuned_here_is_an_encoder_like_any_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    encoder = object()
    monkeypatch.setattr("bot.encoders.opened", lambda *_: encoder)
    assert for_intents(str(tmp_path)) is encoder
    (tmp_path / "tuned.json").write_text('{"unseen_fold": 3}', encoding="utf-8")
    tuned = for_intents(str(tmp_path))
    assert isinstance(tuned, Tuned)
    assert (tuned.encoder, tuned.unseen_fold) == (encoder, 3)
