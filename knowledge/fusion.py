"""How much words, written terms and vectors count for this company: chosen on its own questions.

A weak signal hurts when it counts as much as a strong one, and which is weak differs from company to company. Weights
are taken over only where questions that did not choose them are answered no worse.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from knowledge.model import Findings
from knowledge.rerank import Weights

FEWEST = 30
"""Questions below which nothing is chosen: chance would choose."""
FOLDS = 5
TRIED: Mapping[str, tuple[float, ...]] = {
    "dense": (0.0, 0.35, 0.7, 1.0, 1.4),
    "concept": (0.0, 0.25, 0.5, 0.8),
    "context": (0.4, 0.7, 1.0),
}
"""The weights beside the words' own, which count 1."""
VECTORS: Mapping[str, tuple[float, ...]] = {"dense": TRIED["dense"]}
"""What another encoder can change."""
ENCODER = "encoder"
"""Beside the weights: the print of the encoder that they were chosen with."""


class WeightsWrong(ValueError):
    """The stored weights cannot be used."""


class QuestionsWrong(ValueError):
    """A file of questions that cannot be used."""


@dataclass(frozen=True)
class OwnQuestion:
    """A question of the company's own, and words of the passage that answers it."""

    question: str
    doc: str
    find: str
    customer: str | None = None


@dataclass(frozen=True)
class Measured:
    """How well a company's questions are answered."""

    questions: int
    first: int
    """Answered by the first passage."""
    fifth: int
    """By one of the first five."""
    mrr: float

    @classmethod
    def of(cls, ranks: Sequence[int | None]) -> Measured:
        found = [rank for rank in ranks if rank]
        mrr = math.fsum(1 / rank for rank in found) / len(ranks) if ranks else 0.0
        return cls(len(ranks), sum(rank == 1 for rank in found), sum(rank <= 5 for rank in found), mrr)

    def is_worse(self, than: Measured) -> bool:
        return self.fifth < than.fifth or self.mrr < than.mrr


@dataclass(frozen=True)
class Tuned:
    """What was chosen. `unseen`: on questions in turn that had no part in the choice. `better`: whether it is taken."""

    weights: Weights
    before: Measured
    after: Measured
    unseen: Measured
    better: bool


Ask = Callable[[OwnQuestion, Weights], Findings]


def measure(questions: Sequence[OwnQuestion], ask: Ask, weights: Weights) -> Measured:
    return Measured.of(_ranks(questions, ask, weights))


def tune(
    questions: Sequence[OwnQuestion],
    ask: Ask,
    now: Weights,
    say: Callable[[str], None],
    values: Mapping[str, tuple[float, ...]] | None = None,
) -> Tuned:
    """Try every combination of `values`, else of those above. Raises `QuestionsWrong` for too few questions."""
    if len(questions) < FEWEST:
        raise QuestionsWrong(
            f"{len(questions)} questions are too few to choose weights by; expected at least {FEWEST}"
        )
    tried = [now, *(one for one in _combinations(now, values or TRIED) if one != now)]
    ranks = []
    for at, weights in enumerate(tried, 1):
        ranks.append(_ranks(questions, ask, weights))
        say(f"{at}/{len(tried)} combinations tried")
    everything = range(len(questions))
    chosen = _best(ranks, everything)
    unseen: dict[int, int | None] = {}
    for fold in range(FOLDS):
        best = _best(ranks, [at for at in everything if at % FOLDS != fold])
        unseen |= {at: ranks[best][at] for at in everything if at % FOLDS == fold}
    before, after = Measured.of(ranks[0]), Measured.of(ranks[chosen])
    held_out = Measured.of([unseen[at] for at in everything])
    better = chosen != 0 and not held_out.is_worse(before) and not after.is_worse(before)
    return Tuned(tried[chosen], before, after, held_out, better)


def _combinations(now: Weights, values: Mapping[str, tuple[float, ...]]) -> Iterator[Weights]:
    for some in product(*values.values()):
        yield replace(now, **dict(zip(values, some, strict=True)))


def _best(ranks: Sequence[Sequence[int | None]], of: Sequence[int]) -> int:
    """The combination with the highest mean reciprocal rank on these; of equals the first, which is today's."""
    return max(
        range(len(ranks)), key=lambda at: (round(Measured.of([ranks[at][one] for one in of]).mrr, 9), -at)
    )


def _ranks(questions: Sequence[OwnQuestion], ask: Ask, weights: Weights) -> list[int | None]:
    return [_rank(one, ask(one, weights)) for one in questions]


def _rank(asked: OwnQuestion, found: Findings) -> int | None:
    wanted = "".join(asked.find.split())
    for at, one in enumerate(found.evidence, 1):
        if one.passage.citation.title == asked.doc and wanted in "".join(one.passage.text.split()):
            return at
    return None


def read_questions(path: Path) -> list[OwnQuestion]:
    """Those of a file. Raises `QuestionsWrong`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsWrong(f"{path}: {error}") from error
    return parse_questions(text, str(path))


def parse_questions(text: str, source: str = "questions") -> list[OwnQuestion]:
    """JSON lines {question, doc, find, customer?}. Raises `QuestionsWrong` naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
                one = OwnQuestion(row["question"], row["doc"], row["find"], row.get("customer"))
                if not all(
                    isinstance(text, str) and text.strip() for text in (one.question, one.doc, one.find)
                ):
                    raise ValueError("an empty value")
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise QuestionsWrong(
                    f"{source}:{number}: expected {{question, doc, find, customer?}}, found {line[:60]!r}"
                ) from error
            found.append(one)
    return found


def as_lines(questions: Iterable[OwnQuestion]) -> str:
    """As they are kept."""
    return "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in questions)


def parse_weights(text: str) -> Weights:
    """Of a stored text; what it does not name is as shipped. Raises `WeightsWrong`."""
    known = {one.name for one in fields(Weights)}
    try:
        stored: Any = json.loads(text)
    except ValueError as error:
        raise WeightsWrong(f"no JSON: {error}; {_ADVICE}") from error
    if isinstance(stored, dict) and isinstance(stored.get(ENCODER), str):
        del stored[ENCODER]
    if not isinstance(stored, dict) or not set(stored) <= known or not all(map(_is_weight, stored.values())):
        raise WeightsWrong(f"expected numbers from 0 to 5 by name ({', '.join(sorted(known))}); {_ADVICE}")
    return Weights(**stored)


_ADVICE = "run `yiju knowledge tune --reset` to go back to the shipped weights"


def written(weights: Weights) -> str:
    """As they are stored."""
    return json.dumps(asdict(weights), indent=1)


def chosen_with(text: str) -> str:
    """The print of the encoder that stored weights were chosen with; empty where they do not say."""
    return str(json.loads(text).get(ENCODER, ""))


def marked(text: str, encoder: str) -> str:
    """The same weights, chosen with this encoder."""
    return (
        text if chosen_with(text) == encoder else json.dumps(json.loads(text) | {ENCODER: encoder}, indent=1)
    )


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 5
