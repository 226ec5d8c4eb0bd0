"""A pretrained encoder beside the words: folds decide its weight, and another encoder than the model's is not asked."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sqlalchemy import Engine

from intents import Classifier, Example, Registry, load, save, train
from intents.contrast import folds_of
from intents.heldout import FOLDS, Seen
from intents.linear import Floats
from intents.meaning import Meaning, vectors_of
from intents.meaning_training import Weighed, fit_dense
from intents.model_file import content_hash
from intents.vectors import KeptVectors
from knowledge.pretrained import OnnxEncoder
from tests.fakes.onnx_model import write_encoder

ROOT = Path(__file__).parents[2]

TOPICS = {
    "quote_request": ["报价", "多少钱", "优惠", "折扣", "单价"],
    "technical_inquiry": ["转速", "噪音", "精度", "安装", "量程"],
    "contract_terms": ["质保", "违约", "账期", "验收", "保密"],
}
"""Words that share nothing with one another: n-grams cannot carry over from one to the next."""


class Noise:
    """Vectors that depend on the text and on nothing it means."""

    fingerprint = "noise"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        rows = [np.random.default_rng(_seed(text)).normal(size=16) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows]).astype(np.float32)


class Knowing(Noise):
    """Knows words of the same topic for alike, as a pretrained encoder does. The odd words were never trained on."""

    fingerprint = "knowing"
    unseen: ClassVar = {"多钱": "quote_request", "震动": "technical_inquiry", "赔款": "contract_terms"}

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = super().encode(texts) * 0.2
        for row, text in zip(rows, texts, strict=True):
            for at, (intent, words) in enumerate(TOPICS.items()):
                known = [*words, *(odd for odd, meant in self.unseen.items() if meant == intent)]
                row[at] += any(word in text for word in known)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def topics() -> list[Example]:
    """A fold keeps a hundred of one author's lines together, so each word is held out as a whole."""
    frames = ["{}怎么说", "问下{}", "{}这块呢", "你们{}", "说说{}"]
    return [
        Example(f"{word}-{number}", frame.format(word), "customer", intent)
        for intent, words in TOPICS.items()
        for word in words
        for number, frame in enumerate(frames)
    ]


@pytest.fixture(scope="module")
def knowing() -> Classifier:
    return train(topics(), encoder=Knowing())


def test_an_encoder_that_knows_more_than_the_words_counts(knowing: Classifier) -> None:
    said = knowing.card["encoder"]["by_speaker"]["customer"]
    assert said["weight"] > 0
    assert said["mended"] > said["broken"]
    assert knowing.card["encoder"]["fingerprint"] == "knowing"


def test_words_that_no_example_has_are_read_by_what_they_mean(knowing: Classifier) -> None:
    def right(classifier: Classifier) -> int:
        return sum(
            classifier.read(f"{odd}如何").best.intent == intent for odd, intent in Knowing.unseen.items()
        )

    assert right(knowing) == 3
    assert right(knowing.listening(None)) < 3


def test_an_encoder_that_knows_nothing_is_not_asked() -> None:
    encoder = Noise()
    classifier = train(topics(), encoder=encoder)
    assert classifier.card["encoder"]["by_speaker"]["customer"]["weight"] == 0
    encoder.asked.clear()
    assert classifier.read("质保几年").ranked == train(topics()).read("质保几年").ranked
    assert encoder.asked == []


class Crammed(Noise):
    """Tuned on every fold but one: it knows the answers there, and nothing elsewhere."""

    folds = folds_of(topics(), FOLDS)
    unseen_fold = Counter(folds).most_common(1)[0][0]

    def __init__(self) -> None:
        super().__init__()
        learned = [one for one, fold in zip(topics(), self.folds, strict=True) if fold != self.unseen_fold]
        self.answers = {one.text: list(TOPICS).index(one.intent) for one in learned}

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = super().encode(texts)
        for row, text in zip(rows, texts, strict=True):
            if text in self.answers:
                row[:] = np.eye(16)[self.answers[text]]
        return rows


def test_an_encoder_that_was_tuned_on_the_answers_is_judged_by_the_fold_it_has_not_seen() -> None:
    fooled = train(topics(), encoder=Crammed())
    assert fooled.card["encoder"]["by_speaker"]["customer"]["weight"] > 0
    honest = train(topics(), encoder=Crammed(), unseen_fold=Crammed.unseen_fold)
    assert honest.card["encoder"]["by_speaker"]["customer"]["weight"] == 0


def test_without_an_encoder_the_model_is_the_same_bytes_as_before(tmp_path: Path) -> None:
    plain = train(topics())
    save(plain, tmp_path / "plain.npz")
    with np.load(tmp_path / "plain.npz") as kept:
        assert not any("dense" in name for name in kept.files)
        assert b"meaning" not in kept["meta"].tobytes()


def test_a_saved_model_reads_as_before_once_it_has_its_encoder(tmp_path: Path, knowing: Classifier) -> None:
    save(knowing, tmp_path / "model.npz")
    again = load(tmp_path / "model.npz")
    assert again.hash == knowing.hash
    assert again.listening(Knowing()).read("震动如何").ranked == knowing.read("震动如何").ranked
    assert again.read("震动如何").ranked == knowing.listening(None).read("震动如何").ranked


def test_another_encoder_than_the_models_is_not_listened_to(knowing: Classifier) -> None:
    other = knowing.listening(Noise())
    assert other.encoder is None
    assert other.read("问下质保").best.intent == "contract_terms"


def test_scores_with_the_encoder_are_of_the_size_of_the_words_scores(knowing: Classifier) -> None:
    """Guard, temperature and thresholds were set for that size when they are taken over."""
    plain = train(topics())
    taken = train(topics(), encoder=Knowing(), calibrated_like=plain)
    assert taken.meaning is not None
    assert taken.meaning.heads["customer"].weight > 0
    assert (taken.temperature, taken.thresholds) == (plain.temperature, plain.thresholds)
    assert taken.card["calibrated_like"] == plain.hash


def test_vectors_are_kept_and_only_new_texts_encoded(tmp_path: Path) -> None:
    first = Noise()
    vectors = KeptVectors(first, tmp_path).encode(["甲", "乙", "甲"])
    assert first.asked == ["甲", "乙"]
    second = Noise()
    kept = KeptVectors(second, tmp_path)
    assert np.array_equal(kept.encode(["乙", "丙", "甲"])[[2, 0, 2]], vectors)
    assert second.asked == ["丙"]


def test_what_a_training_no_longer_asks_for_is_dropped(tmp_path: Path) -> None:
    KeptVectors(Noise(), tmp_path).encode(["甲", "乙"])
    KeptVectors(Noise(), tmp_path).encode(["乙", "丙"])
    again = Noise()
    KeptVectors(again, tmp_path).encode(["甲", "乙", "丙"])
    assert again.asked == ["甲"]


def test_a_damaged_file_of_vectors_is_made_again(tmp_path: Path) -> None:
    kept = KeptVectors(Noise(), tmp_path)
    kept.path.write_bytes(b"PK broken")
    vectors = kept.encode(["甲"])
    unasked = Noise()
    assert np.array_equal(KeptVectors(unasked, tmp_path).encode(["甲"]), vectors)
    assert unasked.asked == []


def test_the_registry_trains_and_serves_with_its_encoder(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry(engine, tmp_path, encoder=Knowing)
    registry.create_tables()
    model = registry.train(examples=topics(), calibrate_on=topics()[::7], by="a trainer")
    assert model.card["encoder"]["by_speaker"]["customer"]["weight"] > 0
    registry.promote(model.id, by="a trainer")
    assert registry.serving().read("震动如何").best.intent == "technical_inquiry"
    assert list(registry.vectors.glob("knowing.npz"))

    other = Registry(engine, tmp_path, encoder=Noise)
    assert other.serving().encoder is None
    assert "intents.encoder_differs" in "".join(capsys.readouterr())  # wherever the log goes by now


def test_a_model_of_words_alone_loads_no_encoder(engine: Engine, tmp_path: Path) -> None:
    def never() -> None:
        raise AssertionError("the encoder was loaded")

    registry = Registry(engine, tmp_path, encoder=never)
    registry.create_tables()
    assert registry.serving().read("质保几年").best.intent == "contract_terms"


SERVING = """
import sys
from pathlib import Path
from sqlmodel import create_engine
from bot.encoders import encoder_of_intents
from bot.settings import Settings
from intents import Registry
settings = Settings(data_dir=Path(sys.argv[2]), embedding_model=sys.argv[1])
engine = create_engine(f"sqlite:///{settings.data_dir}/store.db")
registry = Registry(engine, settings.data_dir, encoder=encoder_of_intents(settings))
serving = registry.serving()
assert serving.encoder is not None
print(serving.read("问下质保").best.intent)
print(sorted({"torch", "transformers", "sentence_transformers", "sklearn"} & set(sys.modules)))
"""


def test_a_model_with_a_bert_beside_it_serves_without_a_framework(engine: Engine, tmp_path: Path) -> None:
    """The BERT's weights are random, so its weight is set by hand here: this proves the path, not the quality."""
    folder = write_encoder(tmp_path / "bge-small-zh-random")
    encoder = OnnxEncoder(folder)
    trained = train(topics(), encoder=encoder)
    seen = [Seen(one, trained.eyes.see(one.text)) for one in topics()]
    texts = [one.text for one in topics()]
    vectors = dict(zip(texts, vectors_of(encoder, texts), strict=True))
    head = fit_dense(seen, vectors, Weighed(0.5, 1.0, 0, 0))
    model = replace(trained, meaning=Meaning(encoder.fingerprint, {"customer": head}))
    registry = Registry(engine, tmp_path)
    registry.create_tables()
    model = replace(model, hash=content_hash(model))
    registry.promote(registry.add(model).id, by="a trainer")
    command = [sys.executable, "-c", SERVING, str(folder), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=120)
    assert done.stdout.strip().splitlines()[-2:] == ["contract_terms", "[]"]
