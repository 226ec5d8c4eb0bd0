"""Readings that another system wrote down, measured like ours: `python -m eval.baselines.recorded READINGS.jsonl`.

`yiju eval run --suite intents` puts those of `RECORDED` into its comparison, where their file is there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from intents import Example, Intent, Ranked, Reading

from ..case import intent_cases
from ..suites.intents import Report, Score
from .diet import TRAINED, hash_of

EXAMPLES = Path(__file__).resolve().parents[2] / "intents" / "examples"
RECORDED = {"Rasa's DIET": (Path("var/diet"), "make diet")}
"""By name: where `<cases>.jsonl` lies, and the command that writes it."""


class Found(NamedTuple):
    """What was recorded on a set of cases, and what is missing."""

    reports: dict[str, Report]
    missing: tuple[str, ...]
    """A line for each system that cannot be compared: why, and what to do."""


def recorded(name: str, cases: Sequence[Example]) -> Found:
    """The systems of `RECORDED` on the cases of this name."""
    reports, missing = {}, []
    for system, (folder, command) in RECORDED.items():
        path, trained = folder / f"{Path(name).stem}.jsonl", folder / "model" / TRAINED
        if not path.exists():
            missing.append(f"{system}: no readings in {path}; `{command}` writes them")
        elif unread := {one.id for one in cases} - _rows(path).keys():
            missing.append(
                f"{system}: {path} lacks {len(unread)} of {len(cases)} cases; run `{command}` again"
            )
        elif not trained.exists() or json.loads(trained.read_text(encoding="utf-8"))["files"] != hash_of(
            EXAMPLES
        ):
            missing.append(
                f"{system}: its readings belong to other examples than those of today; run `{command}` again"
            )
        else:
            reports[system] = report(path, cases, system)
    return Found(reports, tuple(missing))


def report(readings: Path, cases: Sequence[Example], name: str) -> Report:
    """A line has id, intent, confidence, seconds; a case without a line was read as nothing."""
    found = _rows(readings)
    return Report(name, [_score(case, found.get(case.id, {})) for case in cases])


def _rows(readings: Path) -> dict[str, dict[str, object]]:
    lines = readings.read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, filter(str.strip, lines))}


def _score(case: Example, row: dict[str, object]) -> Score:
    intent, confidence = str(row.get("intent") or ""), float(str(row.get("confidence", 0)))
    return Score(case, Reading((Ranked(Intent(intent), confidence),)), float(str(row.get("seconds", 0))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readings", type=Path)
    parser.add_argument("--cases", default="dev")
    asked = parser.parse_args()
    print(report(asked.readings, intent_cases(asked.cases), asked.cases).as_text())


if __name__ == "__main__":
    main()
