"""Are the values in the words found, where they stand and as what: precision and recall by type."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from intents import Entity, find_entities

from ..entity_case import NOW, PRODUCTS, EntityCase, entity_cases
from ..metrics import Interval, percentile, wilson
from . import Options

Key = tuple[str, str, int]


@dataclass(frozen=True)
class EntityScore:
    case: EntityCase
    found: tuple[Entity, ...]
    seconds: float

    def keys(self, kind: str = "") -> tuple[set[Key], set[Key]]:
        """(wanted, found): an entity counts where type, value and beginning agree; how long its words are does not."""
        return _keys(self.case.entities, kind), _keys(self.found, kind)

    @property
    def right(self) -> bool:
        wanted, found = self.keys()
        return wanted == found


@dataclass(frozen=True)
class EntityReport:
    """Counts, intervals, and the utterances in which something was missed or made up."""

    name: str
    scores: Sequence[EntityScore]

    @property
    def types(self) -> list[str]:
        return sorted({one.type for score in self.scores for one in (*score.case.entities, *score.found)})

    def precision(self, kind: str = "") -> Interval | None:
        pairs = [score.keys(kind) for score in self.scores]
        return wilson(
            sum(len(wanted & found) for wanted, found in pairs), sum(len(found) for _, found in pairs)
        )

    def recall(self, kind: str = "") -> Interval | None:
        pairs = [score.keys(kind) for score in self.scores]
        return wilson(
            sum(len(wanted & found) for wanted, found in pairs), sum(len(wanted) for wanted, _ in pairs)
        )

    @property
    def all_right(self) -> Interval | None:
        """Utterances in which everything was found and nothing was made up."""
        return wilson(sum(score.right for score in self.scores), len(self.scores))

    def failures(self) -> list[tuple[EntityScore, list[Key], list[Key]]]:
        """With what was missed and what was made up."""
        rows = [(score, *score.keys()) for score in self.scores if not score.right]
        return [(score, sorted(wanted - found), sorted(found - wanted)) for score, wanted, found in rows]

    def milliseconds(self, share: float) -> float:
        return 1000 * percentile([one.seconds for one in self.scores], share)

    def as_json(self) -> dict[str, Any]:
        return {
            "suite": "entities",
            "cases": self.name,
            "count": len(self.scores),
            "precision": _dict(self.precision()),
            "recall": _dict(self.recall()),
            "all_right": _dict(self.all_right),
            "p50_ms": self.milliseconds(0.5),
            "p99_ms": self.milliseconds(0.99),
            "by_type": {kind: [_dict(self.precision(kind)), _dict(self.recall(kind))] for kind in self.types},
            "failures": [
                [score.case.id, score.case.text, _shown(missed), _shown(made)]
                for score, missed, made in self.failures()
            ],
        }

    def as_text(self) -> str:
        lines = [f"entities on {self.name}: {len(self.scores)} utterances", ""]
        lines += [f"  {name:16} {value}" for name, value in self._headlines()]
        lines += [
            f"  {'latency':16} p50 {self.milliseconds(0.5):.2f} ms, p99 {self.milliseconds(0.99):.2f} ms"
        ]
        lines += ["", "type: precision, recall"]
        lines += [f"  {kind:16} {self.precision(kind)}   {self.recall(kind)}" for kind in self.types]
        lines += ["", "utterance: missed | made up"]
        lines += [
            f"  {score.case.text}: {_shown(missed)} | {_shown(made)}"
            for score, missed, made in self.failures()
        ]
        return "\n".join(lines)

    def _headlines(self) -> list[tuple[str, Interval | None]]:
        return [("precision", self.precision()), ("recall", self.recall()), ("all right", self.all_right)]


def run(
    cases: Sequence[EntityCase], name: str = "cases", find: Callable[..., tuple[Entity, ...]] = find_entities
) -> EntityReport:
    return EntityReport(name, [_score(case, find) for case in cases])


def run_entities(options: Options) -> EntityReport:
    """There is no frozen test set of entities: rules are written by reading, so `test` means the same cases."""
    name = "dev" if options.cases == "test" else options.cases
    return run(entity_cases(name), name)


def _score(case: EntityCase, find: Callable[..., tuple[Entity, ...]]) -> EntityScore:
    began = time.perf_counter()
    found = find(case.text, products=PRODUCTS, now=NOW)
    return EntityScore(case, found, time.perf_counter() - began)


def _keys(entities: Sequence[Entity], kind: str) -> set[Key]:
    return {(one.type, one.value, one.start) for one in entities if kind in {"", one.type}}


def _shown(keys: Sequence[Key]) -> str:
    return " ".join(f"{kind}={value or '?'}" for kind, value, _ in keys) or "-"


def _dict(value: Interval | None) -> dict[str, float] | None:
    return value._asdict() if value else None
