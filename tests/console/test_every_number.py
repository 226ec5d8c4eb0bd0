"""Every number of the board against the list it opens: as many rows as it counts, by the address that its link holds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import decisions, openings, people, turns
from bot.app import Parts
from bot.confirmation import Move
from bot.console import board_counts, listing
from bot.console.board_numbers import Board
from bot.console.filtering import address_of, parse
from bot.console.teams import NOBODYS
from bot.conversation import ConversationId, Turn, UserId
from bot.decision import Decision, DecisionId
from bot.people import Person, Role
from bot.store import Store
from intents import Abstention, Intent, Ranked, Reading, Speaker
from knowledge.tables import GapAskingRow
from tests.fakes.clock import START
from tests.fakes.decisions import READING, a_decision
from tests.fakes.office import Office

SINCE, UNTIL = START.date() - timedelta(days=6), START.date() - timedelta(days=2)
INTENTS = ("quote_request", "purchase", "renewal_expansion", "technical_inquiry", "complaint", None)
CAUSES = (
    "sim:zhangsan",
    "event:ticket.reported:A-1",
    "event:ticket",
    "expiring:doc-7",
    "signal:upsell:A-1",
    "eventual",
)


def some(rng: random.Random, number: int) -> Decision:
    """Of the last nine days, now and then to the second at midnight in Shanghai, where a day begins."""
    intent = rng.choice(INTENTS)
    at = START - timedelta(seconds=rng.randrange(9 * 86_400))
    if rng.random() < 0.2:
        at = at.replace(hour=16, minute=0, second=0, microsecond=0)
    return a_decision(
        id=DecisionId(f"d{number:03d}"),
        turn=f"t{number:03d}",
        rep=UserId(rng.choice(("zhangsan", "zhangsan", "lisi", "wangwu"))),
        conversation=ConversationId(rng.choice(CAUSES)),
        intent=Intent(intent) if intent else None,
        reading=READING
        if intent
        else Reading((Ranked(Intent("purchase"), 0.3),), abstained=Abstention.LOW_CONFIDENCE),
        created_at=at,
        expires_at=START + timedelta(days=30),
    )


async def decide(office: Office, rng: random.Random, decision: Decision) -> None:
    """As people do: at once or after a look, as it is or changed, by the rep or by the manager; or not at all."""
    rep = str(decision.rep)
    by = "chenjing" if rng.random() < 0.15 and rep != "wangwu" else rep
    office.clock.now = decision.created_at + timedelta(seconds=rng.choice((2, 5, 5.0004, 5.001, 90, 4000)))
    if rng.random() < 0.4:
        await openings.note(office.store, decision.id, by, office.clock())
    match rng.randrange(7):
        case 0 | 1 if decision.intent:
            office.tap(Move.CONFIRM, by=by, decision=decision.id)
        case 2 if decision.intent:
            first, task = decision.draft.actions
            other = replace(first, params={**first.params, "amount": str(rng.randrange(10**6))})
            text = rng.choice((decision.draft.text, "改过的话。"))
            kept = rng.choice(((other, task), (other,)))
            draft = replace(decision.draft, text=text, actions=kept)
            office.tap(Move.CORRECT, by=by, decision=decision.id, draft=draft)
        case 3:
            meant = rng.choice([one for one in INTENTS if one and one != decision.intent])
            office.tap(Move.CORRECT, by=by, decision=decision.id, intent=Intent(meant))
        case 4:
            office.tap(Move.DECLINE, by=by, decision=decision.id, note="不对")
        case 5:
            with office.store.begin() as session:
                office.confirmations.expire(session, office.decision(decision.id), office.clock())
        case _ if rng.random() < 0.5:
            with office.store.begin() as session:
                office.confirmations.supersede(session, office.decision(decision.id), "newer", office.clock())


@pytest.fixture
async def busy(office: Office) -> Office:
    """Three reps, one of them nobody's, 160 cards of which some were carried out and some of those taken back."""
    rng = random.Random(20)
    with office.store.begin() as session:
        people.add(session, Person(UserId("wangwu"), "王五", Role.REP))
    for number in range(160):
        decision = office.propose(some(rng, number))
        if rng.random() < 0.3:
            office.break_in(
                lambda session, turn=decision.turn: session.add(  # type: ignore[misc]
                    GapAskingRow(gap=f"gap-{turn[-1] in '13579':d}", asked_in=turn)
                )
            )
        await decide(office, rng, decision)
        if number % 3 == 0:
            await office.worker.drain()
    done = [row.decision for row in office.action_rows() if row.state == "done"]
    for one in sorted(set(done))[:4]:
        office.tap(Move.UNDO, by=str(office.decision(one).rep), decision=one)
    await office.worker.drain()
    office.clock.now = START
    return office


def differing(
    store: Store, viewer: Person, found: Board, clock: Callable[[], datetime]
) -> Iterator[tuple[int, int, str]]:
    """Numbers that are not the length of the list they open."""
    counted = {tuple(number.where.items()): number for number in found.numbers()}
    with store.look() as session:
        for number in counted.values():
            address = found.address(number.where)
            wanted = parse(address)
            asked = {name: value for name, value in address.items() if value}
            assert address_of(wanted) == asked, "an address that loses something on the way"
            listed = listing.find(session, viewer, wanted, clock())
            if listed.total != number.count:
                yield number.count, listed.total, str(asked)


VIEWS = [
    ("admin", "", None),
    ("admin", "", UNTIL),
    ("admin", NOBODYS, None),
    ("admin", "chenjing", UNTIL),
    ("chenjing", "", None),
    ("lisi", "", None),
]


@pytest.mark.timeout(400)  # some two thousand queries
async def test_each_number_is_the_length_of_the_list_it_opens(busy: Office) -> None:
    for viewer, chosen, until in VIEWS:
        with busy.store.look() as session:
            person = people.by_id(session, viewer)
            found = board_counts.board(session, person, SINCE, until, chosen)
        assert list(differing(busy.store, person, found, busy.clock)) == [], (viewer, chosen, until)
        counted = [number.count for number in found.numbers()]
        assert len(counted) > 60
        assert sum(counted) > 0


async def test_the_board_of_the_busy_office_has_every_kind_of_number(busy: Office) -> None:
    """Or the test above would prove less than it says."""
    with busy.store.look() as session:
        found = board_counts.board(session, people.by_id(session, "admin"), SINCE - timedelta(days=9))
    assert found.all.total == 160
    assert {name for name, count in found.all.counts.items() if count} == {
        "accepted", "edited", "declined", "expired", "open", "replaced"
    }  # fmt: skip
    assert {row.key for row in found.rules} >= {
        "event:ticket.reported", "event:ticket", "expiring", "signal:upsell", "said:purchase", "said:",
    }  # fmt: skip
    assert "" in {row.key for row in found.intents}
    assert found.edited
    assert found.drift.hits
    assert {was for was, _ in found.corrected} >= {"", "purchase"}
    assert any(one.at_once.hits and one.unopened.hits and one.streak for one in found.habits)


async def test_a_gap_opens_the_cards_whose_words_met_it(busy: Office, team: dict[str, Person]) -> None:
    for viewer in (team["admin"], team["lisi"]):
        with busy.store.look() as session:
            cards = board_counts.proposed(session, viewer, SINCE)
            met = board_counts.gap_cards(session, cards, ["gap-0", "gap-1", "never"])
            listed = {
                gap: listing.find(session, viewer, parse({"gap": gap, "since": str(SINCE)}), START).total
                for gap in met
            }
        assert met
        assert met == listed


def test_the_numbers_of_the_demo_open_their_decisions(parts: Parts) -> None:
    """On the demo company as it ships, with a card or two of its own words."""
    decision = a_decision(created_at=parts.clock())
    turn = Turn(
        decision.turn, decision.conversation, "sim", decision.rep, Speaker.CUSTOMER, decision.words, START
    )
    with parts.store.begin() as session:
        decisions.insert(session, decision)
        turns.add(session, turn, "delivery-d1", "card")
    with parts.store.look() as session:
        admin = people.by_id(session, "admin")
        found = board_counts.board(session, admin, SINCE)
    assert found.all.total
    assert list(differing(parts.store, admin, found, parts.clock)) == []
