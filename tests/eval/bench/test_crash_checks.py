"""The judge of crashes finds each kind of harm, and nothing in a story without any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import Session, SQLModel

from bot import decisions, journal
from bot.decision import DecisionId, State
from bot.store import Store
from bot.tables import ActionRow, ConfirmationRow, DecisionRow, DeliveryRow, JournalRow, OutboxRow, TurnRow
from crm_bridge.adapters.embedded import seed
from crm_bridge.adapters.embedded.tables import AccountRow, ChangeRow, NoteRow, WriteRow
from eval.bench.crash_checks import judge
from eval.bench.crash_customers import baseline, embedded
from eval.bench.crash_story import Findings, Story, is_proposal
from eval.bench.wecom_platform import Arrival
from tests.fakes.decisions import a_decision

from .conftest import card

AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
KEY = "d1-1"
CUSTOMER = {
    "name": "台架有限公司",
    "short": "台架",
    "industry": "saas",
    "tier": "B",
    "owner": "zhangsan",
    "since": "-9d",
}
Damage = Callable[[Session], object]


class Scene:
    """One message, one card, one tap, one note: as it should be after a crash that did no harm."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'yiju.db'}"
        self.store = Store(self.url)
        SQLModel.metadata.create_all(self.store.engine)
        with self.store.begin() as session:
            seed.load(session, [CUSTOMER], date(2026, 11, 27))
            self.account: str = session.execute(select(AccountRow.id)).scalar_one()
        self.before = baseline(self.url)
        with self.store.begin() as session:
            self._happen(session)
        self.story = Story(said={"7": "zhangsan"}, confirmed={"d1"})
        self.arrivals = [shown("d1")]

    def judged(self) -> Findings:
        return judge(self.url, self.story, self.arrivals, embedded(self.before))

    def _happen(self, session: Session) -> None:
        decided = {"version": 2, "decided_by": "zhangsan", "decided_at": AT, "state": State.CARRIED_OUT}
        decisions.insert(session, replace(a_decision(), **decided))
        session.add(DeliveryRow(channel="wecom", kind="Heard", payload={}, **_row("wecom:1")))
        session.add(_turn("t1", "wecom:1"))
        session.add(_confirmation("c1", "d1"))
        session.flush()
        session.add(ActionRow(decision="d1", confirmation="c1", kind="note.log", params={}, **_row(KEY)))
        session.add(_note("NOTE-1", self.account))
        session.add(WriteRow(key=KEY, at=AT, receipt={"record_kind": "note", "record_id": "NOTE-1"}))
        session.add(_change("NOTE-1"))
        for what in ("DecisionProposed", "DecisionConfirmed"):
            journal.append(session, who="zhangsan", what=what, subject="d1", at=AT, body={})


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.store.close()


def test_a_story_without_harm_has_no_faults(scene: Scene) -> None:
    found = scene.judged()
    assert found.faults == ()
    assert (found.decisions, found.actions, found.records) == (1, 1, 1)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a lost delivery": (
        lambda session: session.execute(delete(DeliveryRow)),
        "1 messages were sent and 0 are stored",
    ),
    "a delivery without a turn": (lambda session: session.execute(delete(TurnRow)), "became 0 turns"),
    "a delivery that is left behind": (
        lambda session: session.execute(update(DeliveryRow).values(state="waiting")),
        "bot_delivery wecom:1 is waiting",
    ),
    "a second decision for the turn": (
        lambda session: decisions.insert(session, a_decision(id=DecisionId("d2"))),
        "turn t1 led to 2 decisions",
    ),
    "a tap without effect": (
        lambda session: session.execute(update(DecisionRow).values(state="proposed")),
        "decision d1 is proposed",
    ),
    "two confirmations": (lambda session: session.add(_confirmation("c2", "d1")), "has 2 confirmations"),
    "an action that waits for ever": (
        lambda session: session.execute(update(ActionRow).values(state="waiting")),
        "is still waiting",
    ),
    "an action that was never written": (
        lambda session: session.execute(delete(WriteRow)),
        "done and not in the CRM",
    ),
    "a write that nobody confirmed": (
        lambda session: session.add(
            WriteRow(key="x", at=AT, receipt={"record_kind": "note", "record_id": "NOTE-1"})
        ),
        "in the CRM and not done",
    ),
    "a change made twice": (lambda session: session.add(_change("NOTE-1")), "was changed 2 times"),
    "a line taken out of the journal": (
        lambda session: session.execute(delete(JournalRow).where(JournalRow.seq == 1)),
        "the journal breaks",
    ),
    "a confirmation written down twice": (
        lambda session: journal.append(
            session, who="zhangsan", what="DecisionConfirmed", subject="d1", at=AT, body={}
        ),
        "DecisionConfirmed stands 2 times",
    ),
    "a message that was given up": (
        lambda session: session.add(
            OutboxRow(
                channel="wecom", recipient="z", kind="say", payload={}, **_row("say:1") | {"state": "dead"}
            )
        ),
        "bot_outbox say:1 is dead",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_harm_in_the_store_is_found(name: str, scene: Scene) -> None:
    damage, fault = DAMAGES[name]
    with scene.store.begin() as session:
        damage(session)
    assert any(fault in found for found in scene.judged().faults)


def test_a_record_without_a_receipt_is_found(scene: Scene) -> None:
    with scene.store.begin() as session:
        session.add(_note("NOTE-2", scene.account))
    assert "record NOTE-2 was written without a receipt" in scene.judged().faults


def test_an_action_that_the_rep_never_confirmed_is_found(scene: Scene) -> None:
    scene.story.confirmed.clear()
    faults = scene.judged().faults
    assert f"action {KEY} has no confirmation by a person" in faults
    assert "decision d1 has 1 confirmations" in faults


def test_a_card_that_was_shown_twice_or_never_is_found(scene: Scene) -> None:
    scene.arrivals = []
    assert "decision d1 was shown as 0 cards" in scene.judged().faults
    scene.arrivals = [shown("d1", "a"), shown("d1", "b")]
    assert "decision d1 was shown as 2 cards" in scene.judged().faults


def test_a_repeated_send_that_the_platform_collapsed_is_no_second_card(scene: Scene) -> None:
    scene.arrivals = [shown("d1"), replace(shown("d1"), collapsed=True)]
    found = scene.judged()
    assert (found.faults, found.collapsed) == ((), 1)


def test_a_card_sent_anew_in_its_later_state_is_counted_and_no_fault(scene: Scene) -> None:
    scene.arrivals = [shown("d1"), shown("d1", "again", version=2)]
    found = scene.judged()
    assert (found.faults, found.replaced) == ((), 1)


def test_a_refusal_that_no_crash_explains_is_a_fault(scene: Scene) -> None:
    scene.arrivals += [replace(shown("d1"), errcode=60140), replace(shown("d1"), errcode=42039)]
    assert [fault for fault in scene.judged().faults if "refused" in fault] == [
        "the platform refused message/send to zhangsan with 42039"
    ]


def test_only_the_buttons_of_an_undecided_decision_are_a_proposal() -> None:
    assert is_proposal(["confirm@d1@0@abc", "decline@d1@0@abc"])
    assert not is_proposal(["retry@d1@2@abc", "decline@d1@2@abc"])
    assert not is_proposal(["undo@d1@2@abc"])


def shown(decision: str, mark: str = "m", version: int = 0) -> Arrival:
    buttons = [{"text": "x", "key": f"{name}@{decision}@{version}@abc"} for name in ("confirm", "decline")]
    body = {"template_card": card(f"{decision}@{mark}", button_list=buttons)}
    return Arrival(1, 1.0, "message/send", "zhangsan", "template_card", f"{decision}@{mark}", 0, False, body)


def _row(key: str) -> dict[str, Any]:
    return {"key": key, "lane": "l", "state": "done", "next_at": AT, "created_at": AT}


def _turn(name: str, delivery: str) -> TurnRow:
    plain = {
        "conversation": "wecom:zhangsan",
        "rep": "zhangsan",
        "speaker": "customer",
        "text": "x",
        "outcome": "card",
    }
    return TurnRow(id=name, delivery=delivery, at=AT, **plain)


def _confirmation(name: str, decision: str) -> ConfirmationRow:
    plain = {"content_hash": "h", "kind": f"confirmed-{name}", "person": "zhangsan", "at": AT}
    return ConfirmationRow(id=name, decision=decision, version=0, **plain)


def _note(name: str, account: str) -> NoteRow:
    return NoteRow(id=name, account=account, text="x", created_at=AT, updated_at=AT, updated_by="zhangsan")


def _change(record: str) -> ChangeRow:
    return ChangeRow(
        kind="note", record=record, field="text", after="x", at=AT, by="zhangsan", cause=f"依据 {KEY}"
    )
