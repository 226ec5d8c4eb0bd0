"""Words that no intent is about: are they refused as out of scope, and what of ours is refused with them?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents import Abstention, Classifier, Example, Reading, load, shipped_model

from ..case import CASES, intent_cases
from ..metrics import Interval, wilson
from . import Options

REFUSED, ASKED, HARMLESS, ACTED = "out of scope", "asked back", "small talk", "acted on"


def outcome(reading: Reading) -> str:
    """What comes of a stranger's words; only the last does harm."""
    if reading.abstained is Abstention.OUT_OF_SCOPE:
        return REFUSED
    if reading.abstained is not None:
        return ASKED
    return HARMLESS if reading.intent == "smalltalk" else ACTED


@dataclass(frozen=True)
class ScopeReport:
    """Strangers' words by kind and outcome, and our own that were refused."""

    cases: str
    strangers: Sequence[tuple[str, str, str]]
    """Kind, text, outcome."""
    ours: int
    refused: Sequence[Example]
    public: Counter[str]
    """Outcomes of a public set's utterances about other things, where one was given."""

    @property
    def recall(self) -> Interval | None:
        return self._share(self.strangers, REFUSED)

    @property
    def harm(self) -> Interval | None:
        return self._share(self.strangers, ACTED)

    @property
    def false_refusals(self) -> Interval | None:
        return wilson(len(self.refused), self.ours)

    def by_kind(self) -> dict[str, Interval | None]:
        kinds = dict.fromkeys(kind for kind, _, _ in self.strangers)
        return {
            kind: self._share([one for one in self.strangers if one[0] == kind], REFUSED) for kind in kinds
        }

    @staticmethod
    def _share(rows: Sequence[tuple[str, str, str]], wanted: str) -> Interval | None:
        return wilson(sum(one[2] == wanted for one in rows), len(rows))

    def as_json(self) -> dict[str, Any]:
        numbers = {"recall": self.recall, "acted_on": self.harm, "false_refusals": self.false_refusals}
        return {
            "suite": "scope",
            "cases": self.cases,
            "count": len(self.strangers),
            "ours": self.ours,
            **{name: value._asdict() if value else None for name, value in numbers.items()},
            "outcomes": dict(Counter(one[2] for one in self.strangers)),
            "by_kind": {kind: value._asdict() if value else None for kind, value in self.by_kind().items()},
            "public": dict(self.public),
            "refused": [[one.id, one.text, one.intent] for one in self.refused],
        }

    def as_text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"scope: {len(self.strangers)} utterances of strangers, {self.ours} of ours ({self.cases})"
        yield f"  refused as out of scope    {self.recall}"
        yield f"  acted on                   {self.harm}"
        yield f"  of ours refused            {self.false_refusals}"
        yield from _counted("what came of strangers' words", Counter(one[2] for one in self.strangers))
        yield from [
            "",
            "refused, by kind",
            *(f"  {kind:16} {value}" for kind, value in self.by_kind().items()),
        ]
        if self.public:
            yield from _counted("what came of the public set's", self.public)
        yield from ["", "strangers' words that were acted on"]
        yield from (f"  {kind}: {text}" for kind, text, came in self.strangers if came == ACTED)
        yield from ["", "ours that were refused"]
        yield from (f"  {one.id} {one.text} ({one.intent})" for one in self.refused)


def _counted(title: str, counts: Counter[str]) -> Iterator[str]:
    yield from ["", title, *(f"  {name:16} {counts[name]}" for name in (REFUSED, ASKED, HARMLESS, ACTED))]


def run_scope(options: Options) -> ScopeReport:
    """Ours are the development cases (or a given file); strangers' the held-out half of what was authored."""
    cases = "dev" if options.cases == "test" else options.cases
    model = load(Path(options.model)) if options.model else shipped_model()
    ours = intent_cases(cases)
    refused = [one for one in ours if outcome(_read(model, one)) == REFUSED]
    strangers = [
        (row["kind"], row["text"], outcome(model.read(row["text"]))) for row in _rows(CASES / "intents" / "outside.jsonl")
    ]  # fmt: skip
    texts = [row["text"] for row in _rows(Path(options.data) / "validation.jsonl")] if options.data else []
    public = Counter(outcome(model.read(text)) for text in texts)
    return ScopeReport(cases, strangers, len(ours), refused, public)


def _read(model: Classifier, one: Example) -> Reading:
    return model.read(one.text, speaker=one.speaker, context=one.context, industry=one.industry or None)


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
