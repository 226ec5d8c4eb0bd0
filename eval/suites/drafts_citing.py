"""Does what money, dates, delivery and warranty say carry its source: added where one could be meant, else taken out.

A case is a draft of authored sentences over named sources; each sentence says what is to become of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.citing import cite
from bot.grounding import Source, Sources

from ..case import CASES
from ..metrics import Interval, wilson

CITING = CASES / "drafts" / "citing.jsonl"
Outcome = Literal["as_is", "cited", "removed"]


class Named(BaseModel):
    """A source as a customer reads where it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    text: str


class Sentence(BaseModel):
    """One sentence, what is wanted of it, and the sources that it must name afterwards, no other among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str
    wanted: Outcome
    cite: tuple[str, ...] = ()


class CitingCase(BaseModel):
    """A draft with its sources. The check is tuned on `dev` alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    split: Literal["dev", "test"]
    sources: tuple[Named, ...]
    said: str = ""
    sentences: tuple[Sentence, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Judged:
    """A sentence, what became of it, and what it reads like now."""

    case: CitingCase
    sentence: Sentence
    done: Outcome
    now: str

    @property
    def right(self) -> bool:
        """Also by the right source."""
        names = {one.name for one in self.case.sources if one.name in self.now}
        return self.done == self.sentence.wanted and (self.done != "cited" or names == {*self.sentence.cite})


@dataclass(frozen=True)
class Report:
    """`cited`: of the sentences that lack their one source, those that got it and no other; `removed`: of those that
    must go, those that went. Precision: of all that were cited or taken out, those where that was right."""

    name: str
    judged: Sequence[Judged]

    @property
    def cited(self) -> Interval | None:
        return self._share(lambda one: one.sentence.wanted == "cited")

    @property
    def removed(self) -> Interval | None:
        return self._share(lambda one: one.sentence.wanted == "removed")

    @property
    def left(self) -> Interval | None:
        """Of the sentences that carry their source or need none, those that were let alone."""
        return self._share(lambda one: one.sentence.wanted == "as_is")

    @property
    def cited_precision(self) -> Interval | None:
        return self._share(lambda one: one.done == "cited")

    @property
    def removed_precision(self) -> Interval | None:
        return self._share(lambda one: one.done == "removed")

    def failures(self) -> list[Judged]:
        return [one for one in self.judged if not one.right]

    def _share(self, of: Callable[[Judged], bool]) -> Interval | None:
        chosen = [one for one in self.judged if of(one)]
        return wilson(sum(one.right for one in chosen), len(chosen))

    def _measures(self) -> dict[str, Interval | None]:
        return {
            "cited": self.cited,
            "cited_precision": self.cited_precision,
            "removed": self.removed,
            "removed_precision": self.removed_precision,
            "left": self.left,
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "count": len(self.judged),
            **{name: value._asdict() if value else None for name, value in self._measures().items()},
            "failures": [list(_row(one)) for one in self.failures()],
        }

    def as_text(self) -> str:
        lines = [f"citing on {self.name}: {len(self.judged)} sentences", ""]
        lines += [f"  {name:26} {value}" for name, value in self._measures().items()]
        lines += ["", "failures: wanted → done"]
        lines += [
            f"  {name} {text} ({wanted} → {done})" for name, text, wanted, done in map(_row, self.failures())
        ]
        return "\n".join(lines)


def run(split: str) -> Report:
    """Every case of `dev` or `test`."""
    return Report(split, [one for case in read() if case.split == split for one in judge(case)])


def read(path: Path = CITING) -> list[CitingCase]:
    """Raises `pydantic.ValidationError` for a line that is no case."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [CitingCase.model_validate(json.loads(line)) for line in lines if line.strip()]


def judge(case: CitingCase) -> Iterator[Judged]:
    """The draft as a whole, a sentence a line."""
    sources = Sources.of((Source(one.text, one.name) for one in case.sources), case.said)
    lines = cite("\n".join(one.text for one in case.sentences), sources).text.splitlines()
    for sentence in case.sentences:
        bare = sentence.text.rstrip("。")
        now = next((line for line in lines if line.startswith(bare)), "")
        done: Outcome = "removed" if not now else "as_is" if now == sentence.text else "cited"
        yield Judged(case, sentence, done, now)


def _row(one: Judged) -> tuple[str, str, str, str]:
    wanted = one.sentence.wanted + (f" {'、'.join(one.sentence.cite)}" if one.sentence.cite else "")
    return one.case.id, one.sentence.text, wanted, f"{one.done} {one.now}".strip()
