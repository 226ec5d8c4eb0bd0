"""Random walks over everything that can happen to a decision: whatever the order, the promises hold."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import SQLModel

from bot import people
from bot.confirmation import Move
from bot.decision import FOLLOWED_BY, Decision, Draft, State
from bot.store import Store
from bot.tables import ConfirmationRow
from crm_bridge import CrmUnavailable, WriteRefused
from intents import Intent
from tests.conftest import PEOPLE
from tests.fakes.clock import Clock
from tests.fakes.decisions import OPPORTUNITY, TASK
from tests.fakes.office import Office

TROUBLES = [None, WriteRefused("客户已冻结"), CrmUnavailable("asleep"), ValueError("a bug")]
NEXT = {State.PROPOSED: Move.CORRECT, State.FAILED: Move.RETRY, State.CARRIED_OUT: Move.UNDO}
RIGHTFUL = {"zhangsan", "chenjing"}


class DecisionWalk(RuleBasedStateMachine):
    """One decision, tapped by anybody in any way, while time passes and the customer system misbehaves."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.office = Office(Store(f"sqlite:///{Path(self.folder.name) / 'walk.db'}"), Clock())
        SQLModel.metadata.create_all(self.office.store.engine)
        with self.office.store.begin() as session:
            for person in PEOPLE:
                people.add(session, person)
        self.last = self.office.propose()
        self.confirmed_by: set[str] = set()
        self.loop = asyncio.new_event_loop()

    def teardown(self) -> None:
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        self.office.store.close()
        self.folder.cleanup()

    @initialize(confirmed=st.sampled_from([True, True, True, False]))
    def begin(self, confirmed: bool) -> None:
        """Most walks start behind the yes, where most of the ways are."""
        if confirmed:
            assert self.office.tap(Move.CONFIRM).refused is None
            self.confirmed_by.add("zhangsan")

    @rule(
        move=st.sampled_from(Move),
        by=st.sampled_from(["zhangsan", "chenjing", "lisi", "admin"]),
        bound=st.sampled_from(["current", "stale", "unbound"]),
        correction=st.sampled_from(["words", "fields", "same", "intent", "none"]),
    )
    def tap(self, move: Move, by: str, bound: str, correction: str) -> None:
        before = self.office.decision()
        reply = _binding(before, bound) | _correction(before, correction)
        applied = self.office.tap(move, by=by, **reply)
        if by not in RIGHTFUL or bound == "stale":
            after = self.office.decision()
            assert applied.refused is not None
            assert after.state in {before.state, State.EXPIRED}
        elif applied.refused is None and move is not Move.DECLINE:
            self.confirmed_by.add(by)

    @precondition(lambda self: self.office.decision().state in NEXT)
    @rule(by=st.sampled_from(sorted(RIGHTFUL)), how=st.sampled_from(["words", "fields", "same"]))
    def the_tap_that_fits(self, by: str, how: str) -> None:
        """Random taps seldom get far: this one is always allowed, unless the card ran out or an undo is refused."""
        before = self.office.decision()
        move = NEXT[before.state]
        reply = _correction(before, how) if move is Move.CORRECT else {}
        applied = self.office.tap(move, by=by, **_binding(before, "current"), **reply)
        if applied.refused is None:
            self.confirmed_by.add(by)
        else:
            assert move is Move.UNDO or self.office.decision().state is State.EXPIRED

    @rule(first=st.sampled_from(TROUBLES), second=st.sampled_from(TROUBLES), undo=st.sampled_from(TROUBLES))
    def the_system_misbehaves(self, first: Any, second: Any, undo: Any) -> None:
        kinds = {OPPORTUNITY.kind: first, TASK.kind: second, f"undo:{TASK.kind}": undo}
        self.office.crm.trouble = {kind: error for kind, error in kinds.items() if error}

    @rule(minutes=st.sampled_from([0, 10]))
    def work(self, minutes: int) -> None:
        self.office.clock.advance(minutes=minutes)
        self.loop.run_until_complete(self.office.worker.drain())

    @rule(minutes=st.sampled_from([1, 10, 300]))
    def time_passes(self, minutes: int) -> None:
        self.office.clock.advance(minutes=minutes)

    @precondition(lambda self: self.office.decision().is_open)
    @rule(really=st.integers(0, 3))
    def newer_words(self, really: int) -> None:
        if really:
            return
        with self.office.store.begin() as session:
            self.office.confirmations.supersede(
                session, self.office.decision(), "newer_words", self.office.clock()
            )

    @invariant()
    def every_move_is_one_that_was_designed(self) -> None:
        decision = self.office.decision()
        steps = decision.version - self.last.version
        assert steps >= 0
        assert decision.state in _reachable(self.last.state, steps)
        self.last = decision

    @invariant()
    def there_is_no_action_without_a_rightful_confirmation(self) -> None:
        rows = self.office.action_rows()
        confirmations: dict[str, ConfirmationRow] = {row.id: row for row in self.office.confirmation_rows()}
        assert all(row.confirmation in confirmations for row in rows)
        assert {row.person for row in confirmations.values()} <= self.confirmed_by & RIGHTFUL
        assert rows or not self.office.crm.writes

    @invariant()
    def nothing_is_written_twice(self) -> None:
        keys = [row.key for row in self.office.action_rows()]
        assert len(keys) == len(set(keys))
        assert self.office.crm.written.keys() <= set(keys)
        assert len(self.office.crm.writes) == len(self.office.crm.written)

    @invariant()
    def the_state_says_what_the_actions_did(self) -> None:
        rows = self.office.action_rows()
        plain = {row.state for row in rows if not row.kind.startswith("undo:")}
        undone = {row.state for row in rows if row.kind.startswith("undo:")}
        match self.last.state:
            case State.PROPOSED | State.EXPIRED | State.SUPERSEDED:
                assert not rows
            case State.CONFIRMED | State.CORRECTED:
                assert "waiting" in plain
            case State.CARRIED_OUT:
                assert plain <= {"done"}
            case State.FAILED:
                assert "dead" in plain
                assert "waiting" not in plain
            case State.DECLINED:
                assert "waiting" not in plain
            case State.UNDONE:
                assert (plain, undone) == ({"done"}, {"done"})

    @invariant()
    def the_journal_is_whole_and_knows_every_version(self) -> None:
        self.office.journal()  # verifies the chain
        assert self.office.versions() == list(range(1, self.last.version + 1))


def _binding(decision: Decision, bound: str) -> dict[str, Any]:
    match bound:
        case "current":
            return {"version": decision.version, "content_hash": decision.content_hash}
        case "stale":
            return {"version": decision.version + 1, "content_hash": decision.content_hash}
    return {}


def _correction(decision: Decision, how: str) -> dict[str, Any]:
    match how:
        case "words":
            return {"draft": replace(decision.draft, text=f"{decision.draft.text}!")}
        case "fields":
            return {"draft": Draft("话", (replace(TASK, params={**TASK.params, "title": "别的"}),))}
        case "same":
            return {"draft": decision.draft}
        case "intent":
            return {"intent": Intent("price_objection")}
    return {}


def _reachable(state: State, steps: int) -> set[State]:
    found = {state}
    for _ in range(steps):
        found = {after for before in found for after in FOLLOWED_BY[before]}
    return found


TestDecisionWalk = DecisionWalk.TestCase
TestDecisionWalk.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
