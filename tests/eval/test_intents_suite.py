"""What a report on intents counts, on readings made by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from eval.cli import differences, write
from eval.suites.intents import CueRules, Majority, run
from eval.suites.intents_run import without
from intents import Abstention, Example, Intent, Ranked, Reading, shipped_examples, shipped_model
from intents.cues import shipped_cues
from intents.heldout import Seen


class Scripted:
    """Reads what the text says it reads: `intent confidence [second]`."""

    def read(self, text: str, *, speaker: str, context: Sequence[str], industry: str | None) -> Reading:
        first, sure, *second = text.split()
        ranked = (Ranked(Intent(first), float(sure)), *(Ranked(Intent(one), 0.1) for one in second))
        low = Abstention.LOW_CONFIDENCE if float(sure) < 0.5 else None
        return Reading(ranked, secondary=tuple(Ranked(Intent(one), 0.9) for one in second), abstained=low)


CASES = [
    Example("1", "quote_request 0.9", "customer", "quote_request", industry="saas"),
    Example("2", "quote_request 0.9", "customer", "technical_inquiry", industry="saas", tags=("drift",)),
    Example("3", "purchase 0.4", "customer", "contract_terms", industry="medical"),
    Example(
        "4", "vague_interest 0.9 billing", "customer", "vague_interest", secondary=("billing", "complaint")
    ),
]


def share(value: tuple[float, float, float] | None) -> float:
    assert value is not None
    return value[0]


def test_memory_of_the_process_and_size_of_the_model_are_reported(tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(b"x" * 2_500_000)
    report = run(Scripted(), CASES, model_file=tmp_path / "model.npz")
    plain = report.as_json()
    assert 20 < plain["memory_mb"] < 20_000
    assert plain["model_mb"] == 2.5
    assert f"process {report.memory_mb:.0f} MB at most, model file 2.5 MB" in report.as_text()


def test_a_reading_that_waits_takes_time_by_the_clock_and_none_of_the_processor() -> None:
    class Waiting(Scripted):
        def read(self, text: str, **how: Any) -> Reading:
            threading.Event().wait(0.02)
            return super().read(text, **how)

    report = run(Waiting(), CASES)
    assert report.milliseconds(0.5) >= 15
    assert 0 < report.processor_ms(0.5) < 15
    assert report.as_json()["p50_processor_ms"] == report.processor_ms(0.5)


def test_shares_are_counted_over_the_right_cases() -> None:
    report = run(Scripted(), CASES)
    assert share(report.accuracy) == 0.5
    assert share(report.promised_interest) == 1.0
    assert share(report.promised_interest_tagged) == 1.0
    assert share(report.acted_on_drift) == 0.5
    assert share(report.vague_recall) == 1.0
    assert share(report.coverage) == 0.75
    assert share(report.answered_right) == pytest.approx(2 / 3)
    assert [share(one) for one in report.secondary] == [1.0, 0.5]
    assert report.confusion() == [
        (("technical_inquiry", "quote_request"), 1),
        (("contract_terms", "purchase"), 1),
    ]
    assert share(report.by(lambda one: (one.case.industry,))["saas"]) == 0.5
    # three readings at 0.9, two of them right; one at 0.4, wrong
    assert report.calibration == pytest.approx((3 * abs(0.9 - 2 / 3) + 0.4) / 4)


def test_a_report_is_read_by_people_and_by_compare(tmp_path: Path) -> None:
    before = run(Scripted(), CASES, name="mine", baselines=lambda: {"same": Scripted()})
    write(before, tmp_path, "intents-mine")
    assert "technical_inquiry → quote_request" in (tmp_path / "intents-mine.txt").read_text(encoding="utf-8")
    stored = json.loads((tmp_path / "intents-mine.json").read_text(encoding="utf-8"))
    assert stored["baselines"]["same"]["value"] == 0.5
    mended = run(
        Scripted(),
        [CASES[0], Example("2", "technical_inquiry 0.9", "customer", "technical_inquiry"), *CASES[2:]],
    )
    lines = differences(stored, mended.as_json())
    assert any("mended 1, broken 0" in line for line in lines)


def test_the_simplest_baselines_read_without_looking_or_by_cues_alone() -> None:
    examples = [*CASES, Example("5", "x", "customer", "vague_interest")]
    assert (
        Majority(examples).read("?", speaker="customer", context=(), industry=None).best.intent
        == "vague_interest"
    )
    rules = CueRules(shipped_cues())
    assert (
        rules.read("多少钱啊", speaker="customer", context=(), industry=None).best.intent == "quote_request"
    )
    assert rules.read("嗯", speaker="customer", context=(), industry=None).best.intent == "smalltalk"


def test_an_ablation_is_blind_for_what_was_left_out() -> None:
    shipped = shipped_model()
    few = shipped_examples()[::12]
    blind = without(shipped, [Seen(one, shipped.eyes.see(one.text)) for one in few], "qn")
    assert not [name for head in blind.heads.values() for name in head.names if name[0] in "qn"]
    assert not [one for one in blind.eyes.see("多少钱") if one.name[0] in "qn"]
    assert blind.guard == shipped.guard
