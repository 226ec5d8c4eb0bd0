"""What must hold after crashes: each delivery answered once, each confirmed action done once, nothing unasked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot import journal, turns
from bot.decision import State
from bot.store import Store
from bot.tables import ActionRow, ConfirmationRow, DecisionRow, DeliveryRow, JournalRow, OutboxRow, TurnRow

from .crash_customers import Holds
from .crash_story import Findings, Story, is_proposal
from .wecom_platform import Arrival

EXPECTED_CODES = frozenset({60140, 42014})
"""A response code or task id that was used just before a crash, and again after it."""


def waiting(database: str) -> int:
    """Rows of all queues that are still to be worked."""
    store = Store(database)
    with store.look() as session:
        found = sum(
            _all(session, table.state).count("waiting") for table in (DeliveryRow, OutboxRow, ActionRow)
        )
    store.close()
    return found


def judge(database: str, story: Story, arrivals: Sequence[Arrival], holds: Holds) -> Findings:
    """Look at everything that was stored and shown."""
    store = Store(database)
    with store.look() as session:
        held = holds(session)
        faults = [
            *_deliveries(session, story),
            *_cards(session, arrivals),
            *_decisions(session, story),
            *_actions(session, story),
            *held.faults,
            *_journal(session),
            *_queues(session),
            *_refusals(arrivals),
        ]
        states = Counter(_all(session, ActionRow.state))
        dead = select(ActionRow).where(col(ActionRow.state) == "dead")
        refused = tuple(f"{row.kind}: {row.error}" for row in session.execute(dead).scalars())
        counts = {
            "decisions": len(_answers(session)),
            "records": held.records,
        }
    store.close()
    return Findings(
        **counts,
        actions=states["done"],
        refused=refused,
        collapsed=sum(one.collapsed for one in arrivals),
        replaced=sum(1 for one in _seen_cards(arrivals) if not is_proposal(_keys(one))),
        faults=tuple(faults),
    )


def _deliveries(session: Session, story: Story) -> Iterator[str]:
    heard = session.execute(select(DeliveryRow).where(col(DeliveryRow.kind) == "Heard")).scalars().all()
    if len(heard) != len(story.said):
        yield f"{len(story.said)} messages were sent and {len(heard)} are stored"
    turns = Counter(_all(session, TurnRow.delivery))
    for row in heard:
        if turns[row.key] != 1:
            yield f"delivery {row.key} ({row.state}) became {turns[row.key]} turns"


def _cards(session: Session, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """Exactly one card for each decision, and exactly one decision for each turn."""
    shown = Counter(_decision(one) for one in _seen_cards(arrivals) if is_proposal(_keys(one)))
    decisions = _tuples(session, DecisionRow.id, DecisionRow.turn)
    for decision, _ in decisions:
        if shown[decision] != 1:
            yield f"decision {decision} was shown as {shown[decision]} cards"
    for turn, count in Counter(turn for _, turn in decisions).items():
        if count != 1:
            yield f"turn {turn} led to {count} decisions"
    for decision in shown.keys() - {decision for decision, _ in decisions}:
        yield f"a card was shown for decision {decision}, which is not stored"


def _answers(session: Session) -> Sequence[str]:
    """Decisions that answer somebody's words: a contract that ends brings a card at the full hour, traffic or not."""
    said = turns.was_said(DecisionRow.conversation)
    return session.execute(select(col(DecisionRow.id)).where(said)).scalars().all()


def _decisions(session: Session, story: Story) -> Iterator[str]:
    """Taps that were acknowledged have had their effect, once; what nobody tapped stands undecided."""
    done = {State.CARRIED_OUT.value, State.FAILED.value}
    states = {row.id: row.state for row in session.execute(select(DecisionRow)).scalars()}
    confirmations = Counter(_all(session, ConfirmationRow.decision))
    for decision, state in states.items():
        wanted = done if decision in story.confirmed else {State.PROPOSED.value}
        wanted = {State.DECLINED.value} if decision in story.declined else wanted
        if state not in wanted:
            yield f"decision {decision} is {state}, expected {' or '.join(sorted(wanted))}"
        if confirmations[decision] != (decision in story.confirmed):
            yield f"decision {decision} has {confirmations[decision]} confirmations"


def _actions(session: Session, story: Story) -> Iterator[str]:
    confirmations = dict(_tuples(session, ConfirmationRow.id, ConfirmationRow.decision))
    for row in session.execute(select(ActionRow)).scalars():
        if confirmations.get(row.confirmation) != row.decision or row.decision not in story.confirmed:
            yield f"action {row.key} has no confirmation by a person"
        if row.state not in {"done", "dead"}:
            yield f"action {row.key} is still {row.state}: {row.error}"


def _journal(session: Session) -> Iterator[str]:
    if broken := journal.verify(session):
        yield f"the journal breaks at line {broken.seq}: {broken.why}"
    once = ("DecisionProposed", "DecisionConfirmed", "DecisionDeclined")
    lines = _tuples(session, JournalRow.subject, JournalRow.what)
    for (subject, what), count in Counter(line for line in lines if line[1] in once).items():
        if count != 1:
            yield f"{what} stands {count} times in the journal for {subject}"


def _queues(session: Session) -> Iterator[str]:
    for table in (DeliveryRow, OutboxRow):
        rows = session.execute(select(table).where(col(table.state) != "done")).scalars()
        for row in rows:
            yield f"{table.__tablename__} {row.key} is {row.state}: {row.error}"


def _refusals(arrivals: Sequence[Arrival]) -> Iterator[str]:
    for one in arrivals:
        if one.errcode and one.errcode not in EXPECTED_CODES:
            yield f"the platform refused {one.api} to {one.user} with {one.errcode}"


def _seen_cards(arrivals: Iterable[Arrival]) -> list[Arrival]:
    return [one for one in arrivals if one.was_seen and one.kind == "template_card"]


def _decision(card: Arrival) -> str:
    return card.task_id.partition("@")[0]


def _keys(card: Arrival) -> list[str]:
    return [str(button.get("key", "")) for button in card.body["template_card"].get("button_list", [])]


def _all(session: Session, column: Any) -> list[Any]:
    return list(session.execute(select(column)).scalars())


def _tuples(session: Session, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(select(*columns))]
