"""The label queue: masked on the way in, one settlement each, and agreement that can be trusted."""

from __future__ import annotations

import pytest

from intents import LabelUnknown, Proposal, Registry
from intents.labels import Labels, agreement_of

from .conftest import Clock


@pytest.fixture
def labels(registry: Registry) -> Labels:
    return registry.labels


def ask(text: str = "多少钱", **more: object) -> Proposal:
    return Proposal(text, "customer", **{"source": "abstained", **more})  # type: ignore[arg-type]


def test_what_waits_is_masked(labels: Labels) -> None:
    labels.propose(ask("打13812345678找我", context=("我叫13912345678",), note="call 13712345678"))
    (row,) = labels.queue()
    assert (row.text, row.context, row.note) == ("打138****5678找我", ["我叫139****5678"], "call 137****5678")


def test_the_same_words_from_the_same_source_are_queued_once(labels: Labels) -> None:
    first = labels.propose(ask(source_id="d1"))
    assert labels.propose(ask("多 少 钱", source_id="d1")) == first
    assert labels.propose(ask(source_id="d2")) != first
    assert labels.waiting() == 2


def test_corrections_come_first_then_the_least_sure(labels: Labels, clock: Clock) -> None:
    for text, source, confidence in (
        ("sure", "abstained", 0.8), ("unsure", "abstained", 0.3), ("corrected", "correction", 0.9),
    ):  # fmt: skip
        clock.tick()
        labels.propose(ask(text, source=source, confidence=confidence))
    assert [row.text for row in labels.queue()] == ["corrected", "unsure", "sure"]


def test_a_settled_label_teaches_in_the_order_of_settling(labels: Labels, clock: Clock) -> None:
    first, second = labels.propose(ask("甲")), labels.propose(ask("乙"))
    labels.settle(second, "billing", "sunli", tags=["typo"])
    clock.tick()
    labels.settle(first, "complaint", "sunli", secondary=["billing"])
    found = labels.settled()
    assert [(one.text, one.intent, one.source) for one in found] == [
        ("乙", "billing", "correction"), ("甲", "complaint", "correction"),
    ]  # fmt: skip
    assert found[1].secondary == ("billing",)
    assert labels.settled(since=clock()) == []


def test_a_label_is_settled_once(labels: Labels) -> None:
    label = labels.propose(ask())
    labels.settle(label, "quote_request", "sunli")
    with pytest.raises(LabelUnknown, match="settled by sunli"):
        labels.settle(label, "billing", "other")


def test_an_intent_of_another_speaker_is_refused(labels: Labels) -> None:
    with pytest.raises(LabelUnknown, match="not an intent of a customer"):
        labels.settle(labels.propose(ask()), "schedule", "sunli")


def test_a_dropped_label_never_teaches(labels: Labels) -> None:
    labels.drop(labels.propose(ask()), "sunli", "personal")
    assert labels.settled() == []
    assert labels.waiting() == 0


def test_an_unknown_label_is_refused(labels: Labels) -> None:
    for act in (lambda: labels.drop("nope", "sunli"), lambda: labels.mark("nope", "billing", "sunli")):
        with pytest.raises(LabelUnknown, match="nope"):
            act()


def test_the_mark_changes_with_every_settlement(labels: Labels) -> None:
    before = labels.settled_mark()
    labels.settle(labels.propose(ask()), "quote_request", "sunli")
    assert labels.settled_mark() != before


def test_a_trainer_is_not_shown_what_they_marked(labels: Labels) -> None:
    marked, other = labels.propose(ask("甲")), labels.propose(ask("乙"))
    labels.mark(marked, "billing", "sunli")
    assert [row.id for row in labels.queue(not_marked_by="sunli")] == [other]
    assert len(labels.queue(not_marked_by="other")) == 2


def test_agreement_is_counted_from_the_latest_marks_of_two_trainers(labels: Labels, clock: Clock) -> None:
    one, two = labels.propose(ask("甲")), labels.propose(ask("乙"))
    for label, trainer, intent in (
        (one, "a", "billing"), (one, "b", "billing"), (two, "a", "complaint"), (two, "b", "billing"),
        (two, "b", "complaint"),
    ):  # fmt: skip
        clock.tick()
        labels.mark(label, intent, trainer)
    assert (labels.agreement().pairs, labels.agreement().agreed, labels.agreement().kappa) == (2, 2, 1.0)


def test_kappa_is_agreement_beyond_chance() -> None:
    # 3 of 4 agree; chosen: 5 × x, 3 × y; chance (5/8)² + (3/8)² = 34/64; kappa (48 - 34) / (64 - 34)
    pairs = [("x", "x"), ("x", "x"), ("y", "y"), ("x", "y")]
    assert agreement_of(pairs).kappa == pytest.approx(14 / 30)
    assert agreement_of([]).kappa is None
    assert agreement_of([("x", "x")]).kappa == 1.0
