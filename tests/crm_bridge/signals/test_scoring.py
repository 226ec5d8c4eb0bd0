"""Signals: what fades how fast, what is capped, what a condition holds of, and when a window speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_bridge.signals import (
    SHEETS,
    Fact,
    Occurrence,
    Score,
    Sheet,
    SheetUnusable,
    Window,
    due_again,
    facts_of,
    is_quiet,
    load_sheet,
    move,
    read_sheet,
    score,
)
from crm_bridge.signals.sheet import SHIPPED
from intents import load_taxonomy

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)  # a Thursday, 15:00 in Shanghai
DAY = timedelta(days=1)


def sheet(**changes: Any) -> Sheet:
    plain: dict[str, Any] = {
        "title": "t",
        "open": 40,
        "close": 20,
        "cool_down_days": 14,
        "dimensions": {
            "quotes": {
                "label": "询价",
                "weight": 16,
                "half_life_days": 8,
                "cap": 30,
                "reads": [{"said": "quote_request"}],
            },
            "mood": {
                "label": "情绪",
                "weight": 10,
                "half_life_days": 8,
                "cap": 15,
                "reads": [{"event": "complaint.received", "strength": -1}],
            },
            "orders": {"label": "订单", "weight": 0, "reads": [{"event": "order.created"}]},
            "rhythm": {"label": "补货", "weight": 12, "derived": {"kind": "due_again", "of": ["orders"]}},
            "silence": {
                "label": "沉默",
                "weight": 20,
                "half_life_days": 30,
                "derived": {"kind": "silence", "of": ["orders"], "after_days": 45},
            },
        },
    }
    return Sheet.model_validate(plain | changes)


def fact(dimension: str, days: float, strength: float = 1, ref: str = "") -> Fact:
    return Fact("A", dimension, NOW - days * DAY, ref or f"{dimension}:{days}", strength)


def at(value: float, when: datetime = NOW) -> Score:
    return Score(value, when, ())


def test_a_fact_halves_with_each_half_life() -> None:
    for days, points in ((0, 16), (8, 8), (16, 4), (4, 11.31)):
        assert score(sheet(), [fact("quotes", days)], NOW).value == pytest.approx(points, abs=0.01)


def test_a_dimension_adds_at_most_its_cap_and_its_shares_add_up_to_that() -> None:
    (found,) = score(sheet(), [fact("quotes", at_) for at_ in (0, 0.1, 0.2)], NOW).contributions
    assert found.points == 30
    assert sum(share.points for share in found.shares) == pytest.approx(30, abs=0.05)


def test_what_speaks_against_is_taken_off_and_the_score_stays_within_its_bounds() -> None:
    both = score(sheet(), [fact("quotes", 0), fact("mood", 0, -1)], NOW)
    assert both.value == 6
    assert {one.label: one.points for one in both.contributions} == {"询价": 16, "情绪": -10}
    assert score(sheet(), [fact("mood", 0, -1)], NOW).value == 0


def test_the_future_and_what_lies_beyond_the_horizon_do_not_count() -> None:
    assert score(sheet(), [fact("quotes", -1), fact("quotes", 400)], NOW).contributions == ()


@pytest.mark.parametrize(
    ("days", "strength"), [(20, 0), (24, 0), (27, 0.5), (30, 1), (37.5, 0.5), (45, 0), (80, 0)]
)
def test_a_rhythm_of_thirty_days_speaks_when_it_comes_round(days: float, strength: float) -> None:
    times = [NOW - timedelta(days=days + gap) for gap in (90, 60, 30, 0)]
    assert due_again(times, NOW) == pytest.approx(strength, abs=0.01)


def test_two_orders_are_no_rhythm() -> None:
    assert due_again([NOW - 60 * DAY, NOW - 30 * DAY], NOW) == 0


def test_silence_grows_from_the_day_it_is_news() -> None:
    assert score(sheet(), [fact("orders", 45)], NOW).value == 0
    assert score(sheet(), [fact("orders", 75)], NOW).value == 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["quotes", "mood", "orders"]),
            st.floats(0, 200),
            st.sampled_from([1.0, -1.0, 0.5]),
        ),
        max_size=12,
    )
)
def test_whatever_happened_the_parts_add_up_to_the_score(told: list[tuple[str, float, float]]) -> None:
    facts = [fact(name, days, strength, str(number)) for number, (name, days, strength) in enumerate(told)]
    found = score(sheet(), facts, NOW)
    total = sum(one.points for one in found.contributions)
    assert found.value == pytest.approx(min(100, max(0, total)), abs=0.05)
    assert score(sheet(), list(reversed(facts)), NOW).value == found.value


def test_a_window_opens_once_while_the_score_trembles_and_closes_below_the_lower_bound() -> None:
    window, told = Window(), []
    for value in (30, 41, 39, 42, 25, 41, 19, 21, 39):
        window, tell = move(window, at(value), sheet(dimensions_at_least=0))
        told.append(tell)
    assert told == [False, True, *[False] * 7]
    assert not window.is_open


def test_it_speaks_again_only_after_the_cool_down() -> None:
    by = sheet(dimensions_at_least=0)
    open_, _ = move(Window(), at(50), by)
    closed, _ = move(open_, at(5, NOW + DAY), by)
    again, tell = move(closed, at(50, NOW + 5 * DAY), by)
    assert (again.is_open, tell) == (True, False)
    closed, _ = move(again, at(5, NOW + 6 * DAY), by)
    assert move(closed, at(50, NOW + 14 * DAY), by).tell


def test_what_closed_before_the_morning_is_never_told() -> None:
    night = datetime(2026, 11, 26, 14, tzinfo=UTC)
    by = sheet(dimensions_at_least=0)
    waiting, tell = move(Window(), at(50, night), by)
    assert (waiting.waiting, tell) == (True, False)
    closed, _ = move(waiting, at(5, night + timedelta(hours=3)), by)
    assert not move(closed, at(5, night + timedelta(hours=11)), by).tell
    assert move(waiting, at(50, night + timedelta(hours=11)), by).tell


@pytest.mark.parametrize(
    ("utc", "quiet"),
    [("2026-11-26T00:29", True), ("2026-11-26T00:30", False), ("2026-11-26T11:59", False), ("2026-11-26T12:00", True), ("2026-11-28T07:00", True), ("2026-11-27T17:00", True)],
)  # fmt: skip
def test_quiet_is_by_the_wall_clock_of_shanghai(utc: str, quiet: bool) -> None:
    assert is_quiet(sheet().quiet, datetime.fromisoformat(utc).replace(tzinfo=UTC)) is quiet


def occurrence(what: str, **values: Any) -> Occurrence:
    return Occurrence(what, "A", NOW, "r", **values)


@pytest.mark.parametrize(
    ("one", "dimension"),
    [
        (occurrence("event:web.page-dwell", fields={"seconds": "75"}), "page_dwell"),
        (occurrence("event:web.page-dwell", fields={"seconds": 5}), None),
        (occurrence("event:web.page-dwell"), None),
        (occurrence("event:web.visit", fields={"page": "/price"}), "page_dwell"),
        (occurrence("event:ticket.opened", details={"text": "太慢了,要换供应商"}), "ticket_mood"),
        (occurrence("event:ticket.opened", details={"text": "报警 E03"}), None),
        (occurrence("event:device.usage", fields={"utilization": 1}), "device_usage"),
        (occurrence("event:device.usage", fields={"utilization": "high"}), None),
        (occurrence("said:technical_inquiry", words="质保几年"), "sla_question"),
        (occurrence("said:smalltalk"), None),
    ],
)
def test_the_shipped_sheet_counts_what_its_conditions_hold_of(one: Occurrence, dimension: str | None) -> None:
    found = facts_of(load_sheet("signals"), one)
    assert [fact.dimension for fact in found] == ([dimension] if dimension else [])


def test_the_shipped_sheets_know_eleven_dimensions_and_intents_of_the_taxonomy() -> None:
    assert sum(bool(one.weight) for one in load_sheet("signals").dimensions.values()) >= 11
    for name in SHEETS:
        for one in load_sheet(name).dimensions.values():
            said = {read.said for read in one.reads if read.said} | ({one.card} if one.card else set())
            assert said <= set(load_taxonomy().intents)


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("dimensions: {a: {label: x, weight: 1, reads: [{event: no.such}]}}", "none of our event types"),
        ("dimensions: {a: {label: x, weight: 1, reads: [{said: x, when: 'fields.('}]}}", r"a: 'fields\.\('"),
        ("dimensions: {a: {label: x, weight: 1, derived: {kind: silence, of: [b]}}}", "no dimensions"),
        ("dimensions: {a: {label: x, weight: 1}}", "one of them"),
        ("dimensions: {}\nclose: 50", "close < open"),
    ],
)
def test_a_sheet_that_is_wrong_says_where(tmp_path: Path, part: str, problem: str) -> None:
    path = tmp_path / "signals.yaml"
    path.write_text(
        f"title: t\nopen: 40\n{'' if 'close' in part else 'close: 20'}\n{part}\n", encoding="utf-8"
    )
    with pytest.raises(SheetUnusable, match=problem):
        read_sheet(path)


def test_an_installations_own_sheet_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    text = "title: 我们的\nopen: 10\nclose: 5\ndimensions: {a: {label: x, weight: 1, reads: [{said: purchase}]}}\n"
    (tmp_path / "signals.yaml").write_text(text, encoding="utf-8")
    assert load_sheet("signals", tmp_path).title == "我们的"
    assert load_sheet("risk", tmp_path) == load_sheet("risk")


@pytest.mark.parametrize("name", SHEETS)
def test_the_conditions_of_the_shipped_sheets_compile(name: str) -> None:
    assert read_sheet(SHIPPED / f"{name}.yaml") == load_sheet(name)


def test_one_loud_dimension_alone_does_not_open_where_two_are_wanted() -> None:
    loud = score(sheet(), [fact("quotes", 0), fact("quotes", 0.1)], NOW)
    assert not move(Window(), replace(loud, value=90), sheet(dimensions_at_least=2)).window.is_open
