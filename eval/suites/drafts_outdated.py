"""A document that also tells the value of before: is the current one offered, and the old one never?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bot.quoting import spoken
from knowledge import Evidence, Library, tells_only_the_past

from ..case import CASES
from ..metrics import Interval, wilson
from .retrieval_cases import TODAY, Source, squeezed
from .retrieval_run import library_of

OUTDATED = CASES / "drafts" / "outdated.jsonl"


class OutdatedCase(BaseModel):
    """A question about a product of its own; `now` must be offered, `was` (may be empty) must not."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    split: Literal["dev", "test"]
    product: str
    text: str
    question: str
    now: str
    was: str


@dataclass(frozen=True)
class Judged:
    """What was offered as the answer, in the words that a draft would quote."""

    case: OutdatedCase
    offered: str

    @property
    def tells_now(self) -> bool:
        return squeezed(self.case.now) in squeezed(self.offered)

    @property
    def tells_was(self) -> bool:
        return bool(self.case.was) and squeezed(self.case.was) in squeezed(self.offered)


@dataclass(frozen=True)
class Report:
    name: str
    judged: Sequence[Judged]

    @property
    def current(self) -> Interval | None:
        """Questions to which the current value was offered, and no other."""
        return self._share(lambda one: one.tells_now and not one.tells_was)

    @property
    def old(self) -> Interval | None:
        """Questions to which the value of before was offered. Must be 0."""
        return self._share(lambda one: one.tells_was)

    def _share(self, of: Callable[[Judged], bool]) -> Interval | None:
        return wilson(sum(of(one) for one in self.judged), len(self.judged))

    def as_json(self) -> dict[str, Any]:
        shares = {"current": self.current, "old": self.old}
        return {
            "count": len(self.judged),
            **{name: value._asdict() if value else None for name, value in shares.items()},
            "failures": [
                [one.case.id, one.case.question, one.case.now, one.offered] for one in self.failures()
            ],
        }

    def failures(self) -> list[Judged]:
        return [one for one in self.judged if one.tells_was or not one.tells_now]

    def as_text(self) -> str:
        lines = [f"values of before on {self.name}: {len(self.judged)} questions", ""]
        lines += [f"  {'current value offered':26} {self.current}", f"  {'old value offered':26} {self.old}"]
        lines += ["", "failures: question → wanted → offered"]
        lines += [
            f"  {one.case.id} {one.case.question} → {one.case.now} → {one.offered}" for one in self.failures()
        ]
        return "\n".join(lines)


def read(path: Path = OUTDATED) -> list[OutdatedCase]:
    """Raises `pydantic.ValidationError` for a line that is no case."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [OutdatedCase.model_validate(json.loads(line)) for line in lines if line.strip()]


def run(split: str) -> Report:
    """Every case of `dev` or `test`, all documents in one library."""
    cases = [case for case in read() if case.split == split]
    with TemporaryDirectory() as folder:
        papers = [_paper(Path(folder), case) for case in cases]
        with library_of(papers) as (library, _):
            return Report(split, [_judge(library, case) for case in cases])


def _paper(folder: Path, case: OutdatedCase) -> Source:
    path = folder / f"{case.product} 说明.md"
    path.write_text(f"# {case.product} 说明\n\n{case.text}\n", encoding="utf-8")
    return Source(path, "manual")


def _judge(library: Library, case: OutdatedCase) -> Judged:
    found = library.search(case.question, k=5, today=TODAY).evidence
    return Judged(case, _offered(found[0]) if found else "")


def _offered(found: Evidence) -> str:
    """Nothing where all that is quoted holds no more."""
    return "" if tells_only_the_past(found.excerpt) else spoken(found)
