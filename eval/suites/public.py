"""An outside check: the same pipeline trained on a public intent set, with its own labels, on its own split.

A folder holds `train.jsonl` and, where the set has them, `test.jsonl` or `validation.jsonl`; a line has `text` and `label`,
or `group` where labels are gathered into groups. Without a second file every fifth text, chosen by its hash, is the test.
Nothing of such a set is in the product, and no number of ours was chosen on one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from intents import Example, ExamplesUnusable, Speaker, train
from intents.guard import Guard
from intents.heldout import FOLDS, Seen
from intents.normalise import normalise

from ..metrics import Interval, bootstrap, macro_f1
from . import Options
from .intents import Majority, Reader, Report, run
from .intents_run import without

TESTS = ("test.jsonl", "validation.jsonl")
ONE_IN = 5
ROUNDS = 200
"""Of the bootstrap: a set of sixty labels takes its time."""


@dataclass(frozen=True)
class PublicReport:
    """How each way reads the same cases."""

    name: str
    trained: int
    labels: int
    seconds: float
    """Of training, calibration included."""
    ours: Report
    others: dict[str, Report]

    @property
    def rows(self) -> dict[str, tuple[Interval, Interval]]:
        """Accuracy and macro-F1, ours first."""
        reports = {"this pipeline": self.ours, **self.others}
        return {name: (_accuracy(one), _macro(one)) for name, one in reports.items()}

    def as_json(self) -> dict[str, Any]:
        rows = {name: [one._asdict() for one in pair] for name, pair in self.rows.items()}
        answered = {"coverage": self.ours.coverage, "answered_right": self.ours.answered_right}
        return {
            "suite": "public", "cases": self.name, "count": len(self.ours.scores), "trained": self.trained,
            "labels": self.labels, "train_s": round(self.seconds, 1), "accuracy_macro_f1": rows,
            **{name: value._asdict() if value else None for name, value in answered.items()},
            "ece": self.ours.calibration, "p50_ms": self.ours.milliseconds(0.5),
        }  # fmt: skip

    def as_text(self) -> str:
        lines = [
            f"public set {self.name}: {self.trained} to train on, {len(self.ours.scores)} to read, {self.labels} labels",
            f"training {self.seconds:.0f} s, reading p50 {self.ours.milliseconds(0.5):.2f} ms",
            "",
            f"{'':26} {'accuracy':22} macro-F1",
        ]
        lines += [f"{name:26} {accuracy!s:22} {f1}" for name, (accuracy, f1) in self.rows.items()]
        return "\n".join(
            [
                *lines,
                "",
                f"answers {self.ours.coverage}, of these right {self.ours.answered_right}, ECE {self.ours.calibration:.3f}",
            ]
        )


def _accuracy(report: Report) -> Interval:
    assert report.accuracy is not None
    return report.accuracy


def _macro(report: Report) -> Interval:
    return bootstrap([(one.case.intent, one.read) for one in report.scores], macro_f1, ROUNDS)


def run_public(options: Options) -> PublicReport:
    """Trains on the set's training part; labels with fewer than five examples there are not learned, but are read."""
    folder = Path(options.data)
    learned, cases = read_public(folder)
    often = Counter(one.intent for one in learned)
    learned = [one for one in learned if often[one.intent] >= FOLDS]
    began = time.perf_counter()
    classifier = train(learned)
    seconds = time.perf_counter() - began
    seen = [Seen(one, classifier.eyes.see(one.text)) for one in learned]
    grams = replace(without(classifier, seen, "wqnkcl"), guard=Guard(), acts={})
    others: dict[str, Reader] = {"character n-grams alone": grams, "majority": Majority(learned)}
    reports = {name: run(reader, cases, name=name) for name, reader in others.items()}
    labels = len({one.intent for one in [*learned, *cases]})
    return PublicReport(folder.name, len(learned), labels, seconds, run(classifier, cases), reports)


def read_public(folder: Path) -> tuple[list[Example], list[Example]]:
    """What to train on and what to read. Raises `ExamplesUnusable`, which names file and line."""
    found = _records(folder / "train.jsonl")
    test = next((folder / name for name in TESTS if (folder / name).exists()), None)
    if test:
        return found, _records(test)
    return [one for one in found if not _held(one)], [one for one in found if _held(one)]


def _held(one: Example) -> bool:
    return hashlib.md5(normalise(one.text).encode(), usedforsecurity=False).digest()[0] % ONE_IN == 0


def _records(path: Path) -> list[Example]:
    if not path.exists():
        raise ExamplesUnusable(f"{path} is missing: --data names a folder with train.jsonl (text, label)")
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append({"text": str(json.loads(line)["text"]), **json.loads(line)})
        except (ValueError, KeyError, TypeError) as error:
            raise ExamplesUnusable(f"{path.name}:{number}: {error!r}; a line has text and label") from error
    named = "group" if any(row.get("group") for row in rows) else "label"
    return _examples(path.stem, [(row["text"], str(row[named])) for row in rows if row.get(named)])


def _examples(stem: str, pairs: Sequence[tuple[str, str]]) -> list[Example]:
    return [
        Example(f"{stem}-{number:06}", text, Speaker.CUSTOMER.value, label)
        for number, (text, label) in enumerate(pairs)
    ]
