"""Weights follow the encoder: with another one, what vectors count is chosen anew by the company's kept questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from knowledge.company_files import FileKind, FileOutdated
from knowledge.fusion import FEWEST, VECTORS, OwnQuestion, Tuned, as_lines, tune, written
from knowledge.library import Library

log = structlog.get_logger()
Say = Callable[[str], None]


def choose(
    library: Library,
    questions: Sequence[OwnQuestion],
    by: str,
    why: str,
    say: Say = lambda line: None,
    values: Mapping[str, tuple[float, ...]] | None = None,
) -> Tuned:
    """Weights by these questions, in force at once where unseen ones are answered no worse. Where nothing is better,
    today's hold for the encoder in use from now on.

    Raises `QuestionsWrong` for too few questions, `FileOutdated` where somebody saved others meanwhile.
    """
    files, now = library.files, library.weights
    follows = files.latest(FileKind.WEIGHTS)
    tuned = tune(questions, library.ask, now, say, values)
    if tuned.better or not files.weights_hold():
        kept = written(tuned.weights if tuned.better else now)
        files.save(FileKind.WEIGHTS, kept, by, why=why, follows=follows)
    return tuned


def keep(library: Library, questions: Sequence[OwnQuestion], by: str, why: str) -> None:
    """So that weights can be chosen again, with another encoder."""
    files, lines = library.files, as_lines(questions)
    if files.text(FileKind.QUESTIONS) != lines:
        follows = files.latest(FileKind.QUESTIONS)
        files.save(FileKind.QUESTIONS, lines, by, why=why, follows=follows)


def follow(library: Library, say: Say = lambda line: None) -> Tuned | None:
    """What vectors count, chosen anew where the encoder is another than that of the weights in force; None where there
    is nothing to do, or too few questions to do it by. Takes five searches a question; searches go on meanwhile."""
    if library.files.weights_hold():
        return None
    questions = library.files.questions()
    if len(questions) < FEWEST:
        return None
    why = f"another encoder, {len(questions)} kept questions"
    try:
        tuned = choose(library, questions, "yiju", why, say, VECTORS)
    except FileOutdated:
        return None  # whoever saved meanwhile chose with this encoder
    log.info("weights_followed", dense=library.weights.dense, better=tuned.better, questions=len(questions))
    return tuned
