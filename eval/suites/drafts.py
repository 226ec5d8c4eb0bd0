"""Does the grounding check take out what no source carries, and nothing else: precision, recall by kind of harm.

A case is a draft of authored sentences over authored sources; a sentence that must go says what is `wrong` with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.grounding import Sources, check

from ..case import CASES
from ..metrics import Interval, wilson
from . import drafts_citing as citing
from . import drafts_outdated as outdated

GROUNDING = CASES / "drafts" / "grounding.jsonl"
Kind = Literal["", "number", "wrong_model", "other_customer", "promise", "stale_price"]


class Sentence(BaseModel):
    """One sentence of a draft; `wrong` is empty where the sources carry it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str
    wrong: Kind = ""


class DraftCase(BaseModel):
    """A draft with the sources it was written from. The check is tuned on `dev` alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    split: Literal["dev", "test"]
    sources: tuple[str, ...]
    said: str = ""
    sentences: tuple[Sentence, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Judged:
    """A sentence and whether the check took it out."""

    case: DraftCase
    sentence: Sentence
    removed: bool

    @property
    def right(self) -> bool:
        return self.removed == bool(self.sentence.wrong)


@dataclass(frozen=True)
class Report:
    """Recall is what was taken out of what had to go; precision, how much of what was taken out had to."""

    name: str
    judged: Sequence[Judged]
    citing: citing.Report | None = None
    """What became of money, dates, delivery and warranty; not for a file of other cases."""
    outdated: outdated.Report | None = None
    """Whether values of before are offered; likewise."""

    @property
    def recall(self) -> Interval | None:
        return self._share(_is_wrong, _is_removed)

    @property
    def precision(self) -> Interval | None:
        return self._share(_is_removed, _is_wrong)

    @property
    def kept(self) -> Interval | None:
        """Supported sentences that stayed."""
        return self._share(lambda one: not _is_wrong(one), lambda one: not one.removed)

    def by_kind(self) -> dict[str, Interval | None]:
        kinds = sorted({one.sentence.wrong for one in self.judged} - {""})
        return {kind: self._share(partial(_is_of, kind), _is_removed) for kind in kinds}

    def failures(self) -> list[Judged]:
        return [one for one in self.judged if not one.right]

    def _share(self, of: Callable[[Judged], bool], hit: Callable[[Judged], bool]) -> Interval | None:
        chosen = [one for one in self.judged if of(one)]
        return wilson(sum(hit(one) for one in chosen), len(chosen))

    def as_json(self) -> dict[str, Any]:
        headlines = {"recall": self.recall, "precision": self.precision, "kept": self.kept}
        return {
            "suite": "drafts",
            "cases": self.name,
            "count": len(self.judged),
            **{name: value._asdict() if value else None for name, value in headlines.items()},
            "recall_by_kind": {
                kind: value._asdict() if value else None for kind, value in self.by_kind().items()
            },
            "failures": [list(_row(one)) for one in self.failures()],
            **({"citing": self.citing.as_json()} if self.citing else {}),
            **({"outdated": self.outdated.as_json()} if self.outdated else {}),
        }

    def as_text(self) -> str:
        lines = [f"drafts on {self.name}: {len(self.judged)} sentences", ""]
        lines += [f"  {'recall':26} {self.recall}", f"  {'precision':26} {self.precision}"]
        lines += [f"  {'kept':26} {self.kept}", "", "recall by kind"]
        lines += [f"  {kind:26} {value}" for kind, value in self.by_kind().items()]
        lines += ["", "failures: wanted → done"]
        lines += [
            f"  {name} {text} ({wanted} → {done})" for name, text, wanted, done in map(_row, self.failures())
        ]
        for more in (self.citing, self.outdated):
            lines += ["", more.as_text()] if more else []
        return "\n".join(lines)


def run(options: Any) -> Report:
    """The check on `dev`, `test`, or on every case of a file."""
    named = options.cases in {"dev", "test"}
    cases = read(GROUNDING if named else Path(options.cases))
    chosen = [case for case in cases if not named or case.split == options.cases]
    return Report(
        options.cases,
        [one for case in chosen for one in judge(case)],
        citing.run(options.cases) if named else None,
        outdated.run(options.cases) if named else None,
    )


def read(path: Path = GROUNDING) -> list[DraftCase]:
    """Raises `pydantic.ValidationError` for a line that is no case."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [DraftCase.model_validate(json.loads(line)) for line in lines if line.strip()]


def judge(case: DraftCase) -> Iterator[Judged]:
    """Check the draft as a whole, as production does, and say of each sentence whether it is still there."""
    text = "\n".join(sentence.text for sentence in case.sentences)
    removed = check(text, Sources.of(case.sources, case.said)).removed
    return (Judged(case, sentence, sentence.text in removed) for sentence in case.sentences)


def _is_wrong(one: Judged) -> bool:
    return bool(one.sentence.wrong)


def _is_removed(one: Judged) -> bool:
    return one.removed


def _is_of(kind: str, one: Judged) -> bool:
    return one.sentence.wrong == kind


def _row(one: Judged) -> tuple[str, str, str, str]:
    done = "removed" if one.removed else "kept"
    return one.case.id, one.sentence.text, one.sentence.wrong or "supported", done
