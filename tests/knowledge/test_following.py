"""What vectors count follows the encoder: off where it knows nothing, up where it helps, as before where nobody can tell."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from eval.bench.encoder_model import make
from knowledge import Library
from knowledge.company_files import FileKind
from knowledge.encoder import Encoder, HashedNgrams, Vectors, unit
from knowledge.following import follow, keep
from knowledge.fusion import FEWEST, OwnQuestion, chosen_with, measure, written
from knowledge.pretrained import encoder_for
from knowledge.rerank import Weights

TITLE = "参数手册"
CHINESE = [chr(code) for code in range(0x4E00, 0x9FA5)]


def _authored() -> tuple[str, list[OwnQuestion]]:
    """A manual, and questions that share no word with what answers them: only a meaning can lead there."""
    drawn = iter(random.Random(7).sample(CHINESE, 12 * FEWEST))
    sections, questions = [], []
    for at in range(FEWEST):
        answer, asked = ("".join(next(drawn) for _ in range(6)) for _ in range(2))
        sections.append(f"## 第{at}节\n\n{answer}。\n")
        questions.append(OwnQuestion(asked, TITLE, answer))
    return f"# {TITLE}\n\n" + "\n".join(sections), questions


TEXT, QUESTIONS = _authored()
BY_WORDS = [replace(one, question=f"第{at}节写的是什么") for at, one in enumerate(QUESTIONS)]
"""Words alone answer these."""


class Fitted:
    """A good encoder, made so: a question and what answers it have one vector, every other text another."""

    dimensions = FEWEST + 1
    fingerprint = "fitted"

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for at, text in enumerate(texts):
            known = [no for no, one in enumerate(QUESTIONS) if one.question in text or one.find in text]
            found[at, known[0] if known else FEWEST] = 1
        return found


class Guessing:
    """One that hurts: any two texts are as near as chance has it."""

    dimensions = 4
    fingerprint = "guessing"

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        drawn = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=4) for text in texts]
        return unit(np.array(drawn, dtype=np.float32).reshape(-1, 4))


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Library:
    """With the shipped encoder, the manual in it."""
    library = Library(engine, tmp_path / "data")
    path = tmp_path / "参数手册.md"
    path.write_text(TEXT, encoding="utf-8")
    library.add(path, title=TITLE)
    return library


def with_encoder(library: Library, engine: Engine, tmp_path: Path, encoder: Encoder | None) -> Library:
    """The same documents after a restart with another encoder."""
    library.close()
    return Library(engine, tmp_path / "data", embedder=encoder)


def test_an_encoder_that_helps_is_used(opened: Library, engine: Engine, tmp_path: Path) -> None:
    keep(opened, QUESTIONS, "sunli", "our questions")
    library = with_encoder(opened, engine, tmp_path, Fitted())
    assert not library.files.weights_hold()
    assert library.weights.dense == 0
    before = measure(QUESTIONS, library.ask, library.weights)
    tuned = follow(library)
    assert tuned is not None
    assert tuned.better
    assert library.weights.dense > 0
    after = measure(QUESTIONS, library.ask, library.weights)
    assert before.first <= 2
    assert after.first == FEWEST
    (kept,) = library.files.versions(FileKind.WEIGHTS)
    assert (kept.by, chosen_with(kept.text)) == ("yiju", "fitted")
    assert follow(library) is None
    library.close()


def test_an_encoder_of_bge_shape_with_random_weights_is_switched_off(
    opened: Library, engine: Engine, tmp_path: Path
) -> None:
    """Seeded random weights: it knows nothing, and must cost nothing."""
    keep(opened, BY_WORDS, "sunli", "our questions")
    encoder = encoder_for(str(make(tmp_path / "bge-small-zh-random")))
    library = with_encoder(opened, engine, tmp_path, encoder)
    assert follow(library) is not None
    assert library.weights.dense == 0
    assert library.files.weights_hold()
    assert follow(library) is None
    library.close()


def test_an_encoder_that_hurts_stays_off(opened: Library, engine: Engine, tmp_path: Path) -> None:
    keep(opened, BY_WORDS, "sunli", "our questions")
    library = with_encoder(opened, engine, tmp_path, Guessing())
    as_the_shipped = measure(BY_WORDS, library.ask, Weights())
    assert follow(library) is not None
    assert library.weights.dense == 0
    without = measure(BY_WORDS, library.ask, library.weights)
    assert as_the_shipped.is_worse(without)
    library.close()


def test_with_too_few_questions_nothing_is_chosen(opened: Library, engine: Engine, tmp_path: Path) -> None:
    keep(opened, QUESTIONS[:-1], "sunli", "our questions")
    library = with_encoder(opened, engine, tmp_path, Fitted())
    assert follow(library) is None
    assert library.weights == replace(Weights(), dense=0.0)
    assert library.files.versions(FileKind.WEIGHTS) == []


def test_the_shipped_weights_hold_for_the_shipped_encoder_and_nothing_is_measured(opened: Library) -> None:
    keep(opened, QUESTIONS, "sunli", "our questions")
    assert opened.files.weights_hold()
    assert follow(opened) is None


def test_one_trained_here_keeps_the_weight_of_its_make_until_questions_choose(
    opened: Library, engine: Engine, tmp_path: Path
) -> None:
    table = HashedNgrams(np.full((8, 4), 3, dtype=np.int8), np.ones(8, dtype=np.float32))
    table.save(tmp_path / "data" / "encoder.npz")
    library = with_encoder(opened, engine, tmp_path, None)
    assert not library.files.weights_hold()
    assert library.weights == Weights()


def test_what_a_person_saves_holds_for_the_encoder_of_that_day(
    opened: Library, engine: Engine, tmp_path: Path
) -> None:
    own = replace(Weights(), dense=1.0, concept=0.25)
    library = with_encoder(opened, engine, tmp_path, Fitted())
    keep(library, QUESTIONS, "sunli", "our questions")
    library.files.save(FileKind.WEIGHTS, written(own), "sunli", why="by hand", follows=0)
    assert library.weights == own
    assert follow(library) is None
    back = with_encoder(library, engine, tmp_path, None)
    assert back.weights == replace(own, dense=Weights().dense)
    back.files.restore(FileKind.WEIGHTS, 1, "sunli", why="all the same", follows=1)
    assert back.weights == own
    assert back.files.weights_hold()


def test_a_reset_with_another_encoder_is_a_choice_too(
    opened: Library, engine: Engine, tmp_path: Path
) -> None:
    library = with_encoder(opened, engine, tmp_path, Fitted())
    keep(library, QUESTIONS, "sunli", "our questions")
    library.files.restore(FileKind.WEIGHTS, 0, "sunli", why="reset", follows=0)
    assert library.weights == replace(Weights(), dense=0.0)
    assert follow(library) is None


def test_weights_of_before_that_do_not_say_their_encoder_stay(
    opened: Library, engine: Engine, tmp_path: Path
) -> None:
    old = replace(opened.files, encoder=replace(opened.files.encoder, fingerprint=""))
    old.save(FileKind.WEIGHTS, written(Weights()), "sunli", why="", follows=0)
    library = with_encoder(opened, engine, tmp_path, Fitted())
    assert library.weights == Weights()
    assert library.files.weights_hold()


def test_vectors_that_count_nothing_are_not_asked_for(
    opened: Library, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = with_encoder(opened, engine, tmp_path, Fitted())
    library.search("第3节")
    monkeypatch.setattr(Fitted, "encode", lambda *texts, **how: pytest.fail("a question was encoded"))
    assert library.search("第3节").evidence
