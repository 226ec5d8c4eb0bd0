"""The board's numbers against a handful of decisions that were counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from bot import openings, people
from bot.confirmation import Move
from bot.console import board_counts
from bot.console.board_numbers import Board, Pace, Share, Streak
from bot.console.teams import NOBODYS
from bot.decision import DecisionId
from bot.people import Person
from bot.tables import ConfirmationRow
from intents import Intent
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision
from tests.fakes.office import Office

SINCE = START.date() - timedelta(days=7)


def board(office: Office, viewer: Person) -> Board:
    with office.store.look() as session:
        return board_counts.board(session, viewer, SINCE)


def propose(office: Office, *ids: str, **changes: object) -> None:
    for one in ids:
        office.propose(a_decision(id=DecisionId(one), turn=f"t-{one}", **changes))


@pytest.fixture
async def five(office: Office) -> Office:
    """Confirmed and carried out; changed and waiting; declined; expired; open. One each."""
    propose(office, "d1", "d2", "d3", "d4", "d5")
    office.tap(Move.CONFIRM, decision="d1")
    await office.worker.drain()
    office.clock.advance(seconds=90)
    office.tap(Move.CORRECT, decision="d2", draft=replace(a_decision().draft, text="您好,改过的话。"))
    office.tap(Move.DECLINE, decision="d3", note="不是询价")
    with office.store.begin() as session:
        office.confirmations.expire(session, office.decision("d4"), office.clock())
    return office


async def test_each_card_counts_once_under_what_became_of_it(five: Office, team: dict[str, Person]) -> None:
    found = board(five, team["chenjing"])
    assert dict(found.all.counts) == {"accepted": 1, "edited": 1, "declined": 1, "expired": 1, "open": 1}
    assert found.all.closed == Share(1, 4)
    assert found.all.share("edited") == Share(1, 4)
    assert [(row.key, row.total) for row in found.reps] == [("zhangsan", 5)]
    assert [(row.key, row.total) for row in found.days] == [("2026-11-26", 5)]


async def test_of_a_team_only_its_cards_count(office: Office, team: dict[str, Person]) -> None:
    with office.store.begin() as session:
        people.add(session, replace(team["lisi"], manager=None))
    propose(office, "d1", "d2")
    propose(office, "d3", rep="lisi")
    with office.store.look() as session:
        found = {
            one: board_counts.board(session, team["admin"], SINCE, team=one)
            for one in ("", "chenjing", NOBODYS)
        }
    assert {one: of.all.total for one, of in found.items()} == {"": 3, "chenjing": 2, NOBODYS: 1}
    assert [row.key for row in found[NOBODYS].reps] == ["lisi"]


async def test_a_day_begins_at_midnight_in_shanghai(office: Office, team: dict[str, Person]) -> None:
    midnight = START.replace(hour=16, minute=0) - timedelta(days=1)
    propose(office, "d1", created_at=midnight - timedelta(minutes=1))
    propose(office, "d2", created_at=midnight)
    assert [row.key for row in board(office, team["chenjing"]).days] == ["2026-11-25", "2026-11-26"]


async def test_a_corrected_intent_is_an_edit_and_stands_in_the_matrix(
    office: Office, team: dict[str, Person]
) -> None:
    propose(office, "d1", "d2")
    office.tap(Move.CORRECT, decision="d1", intent=Intent("technical_inquiry"))
    office.tap(Move.DECLINE, decision="d2")
    found = board(office, team["chenjing"])
    assert found.corrected == {("quote_request", "technical_inquiry"): 1}
    assert found.all.counts["edited"] == 1
    assert found.all.closed == Share(0, 1)
    assert found.drift == Share(1, 2)


async def test_what_was_edited_is_named_with_its_cards(five: Office, team: dict[str, Person]) -> None:
    (edited,) = board(five, team["chenjing"]).edited
    assert (edited.intent, edited.what, edited.share) == ("quote_request", "draft", Share(1, 2))


async def test_times_to_decide_are_those_of_reps_themselves(five: Office, team: dict[str, Person]) -> None:
    propose(five, "d6")
    five.tap(Move.CONFIRM, by="chenjing", decision="d6")
    (habit,) = board(five, team["chenjing"]).habits
    assert (habit.rep, habit.pace) == ("zhangsan", Pace(3, 90.0, 90.0))
    assert (habit.at_once, habit.streak) == (Share(1, 2), Streak(1, START, START))
    assert not habit.signs


async def test_twenty_confirmations_in_a_row_look_like_not_reading(
    office: Office, team: dict[str, Person]
) -> None:
    ids = [f"d{number:02d}" for number in range(20)]
    propose(office, *ids)
    for one in ids[:19]:
        office.clock.advance(seconds=20)
        office.tap(Move.CONFIRM, decision=one)
    assert not board(office, team["chenjing"]).habits[0].signs
    office.clock.advance(seconds=20)
    office.tap(Move.CONFIRM, decision=ids[19])
    (habit,) = board(office, team["chenjing"]).habits
    assert habit.streak is not None
    assert (habit.streak.cards, habit.signs) == (20, ("streak",))


@pytest.mark.parametrize(("confirmed", "signs"), [(34, ()), (35, ("unopened",))])
async def test_confirming_many_cards_without_opening_one_is_a_sign(
    office: Office, team: dict[str, Person], confirmed: int, signs: tuple[str, ...]
) -> None:
    """The interval's lower end must pass 90 %: 34 of 34 is 0.898, 35 of 35 is 0.901. Changes keep streaks short."""
    for number in range(confirmed):
        one = f"d{number:02d}"
        propose(office, one, created_at=office.clock())
        office.clock.advance(seconds=30)
        office.tap(Move.CONFIRM, decision=one)
        if number % 10 == 0:
            propose(office, f"{one}-declined")
            office.clock.advance(seconds=30)
            office.tap(Move.DECLINE, decision=f"{one}-declined")
    (habit,) = board(office, team["chenjing"]).habits
    assert (habit.unopened, habit.signs) == (Share(confirmed, confirmed), signs)


async def test_a_card_that_was_opened_first_was_read(office: Office, team: dict[str, Person]) -> None:
    propose(office, "d1", "d2", "d3")
    await openings.note(office.store, "d1", "zhangsan", office.clock())
    await openings.note(office.store, "d2", "chenjing", office.clock())  # somebody else's look
    for one in ("d1", "d2", "d3"):
        office.clock.advance(minutes=1)
        office.tap(Move.CONFIRM, decision=one)
    office.break_in(_nothing_noted_of("d3"))
    (habit,) = board(office, team["chenjing"]).habits
    assert habit.unopened == Share(1, 2)


def _nothing_noted_of(decision: str) -> Callable[[Session], object]:
    """As a confirmation of a version that did not look yet."""
    return lambda session: session.execute(
        update(ConfirmationRow).where(col(ConfirmationRow.decision) == decision).values(opened=None)
    )


async def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(
    office: Office, team: dict[str, Person]
) -> None:
    for number, seconds in enumerate((10, 20, 40, 600)):
        propose(office, f"d{number}", created_at=office.clock() - timedelta(seconds=seconds))
        office.tap(Move.DECLINE, decision=f"d{number}")
    found = board(office, team["chenjing"])
    assert found.everybody == found.habits[0].pace == Pace(4, 30.0, 600.0)


async def test_cards_that_nobodys_words_caused_are_counted_by_their_rule(
    office: Office, team: dict[str, Person]
) -> None:
    propose(office, "d1", conversation="event:ticket.reported:A-1")
    propose(office, "d2", conversation="event:ticket.reported:A-2")
    propose(office, "d3", conversation="expiring:doc-7")
    propose(office, "d4")
    rules = board(office, team["chenjing"]).rules
    assert {row.key: row.total for row in rules} == {
        "event:ticket.reported": 2,
        "expiring": 1,
        "said:quote_request": 1,
    }


async def test_a_manager_counts_the_team_and_a_rep_own_cards(office: Office, team: dict[str, Person]) -> None:
    propose(office, "d1")
    propose(office, "d2", rep="lisi")
    assert board(office, team["chenjing"]).all.total == 2
    assert board(office, team["lisi"]).all.total == 1
    assert board(office, team["sunli"]).all.total == 0


def test_the_interval_is_wilsons() -> None:
    """8 of 10: 0.490 to 0.943, computed by hand."""
    low, high = Share(8, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_an_empty_installation_has_an_empty_board(office: Office, team: dict[str, Person]) -> None:
    found = board(office, team["chenjing"])
    assert (found.all.total, found.everybody, found.habits, found.edited) == (0, None, [], [])
