"""Random walks from delivery over decision to action, with crashes between any two commits: the promises hold throughout.

`YIJU_TEST_WALKS=500 pytest tests/scenarios/test_turn_walks.py` walks long.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot import journal
from bot.channels import Envelope
from bot.confirmation import Move, Reply
from bot.conversation import UserId
from bot.decision import Decision, State
from bot.store import Store, open_engine
from bot.tables import ActionRow, ConfirmationRow, DeliveryRow, OutboxRow, TurnRow
from crm_bridge.adapters.embedded import EmbeddedCrm
from crm_bridge.adapters.embedded.tables import ChangeRow, WriteRow
from eval.bench.crash_story import is_proposal
from tests.fakes.clock import START, Clock
from tests.fakes.product import WECOM_USERS, DemoCompany, Product, start
from tests.fakes.replicas import refill
from tests.fakes.sleeping_crm import SleepingCrm
from tests.fakes.wecom_platform import Shown, WeComPlatform

WALKS = int(os.environ.get("YIJU_TEST_WALKS", "0"))
REP, MANAGER, STRANGER = "zhangsan", "chenjing", "lisi"
WORDS = (
    "你们X200带制冷吗,质保几年,50台什么价",
    "下周三上午来我们这里谈谈",
    "机器坏了,没人来修,我要投诉",
    "嗯,好的,再说吧",
    "合同什么时候到期,续约怎么算",
)
TAPPED = {"确认", "驳回"}


class Died(BaseException):
    """What a killed process looks like from within: nothing catches it."""


class TurnWalk(RuleBasedStateMachine):
    """One rep, their manager and a stranger; one process after the other on the same data."""

    def __init__(self, demo: DemoCompany, database: str | None) -> None:
        super().__init__()
        self.demo, self.database = demo, database
        self.folder = tempfile.TemporaryDirectory()
        self.data_dir = demo.copy_to(Path(self.folder.name) / "data")
        if database:
            refill(database)
        self.clock, self.wecom = Clock(), WeComPlatform(WECOM_USERS, START)
        self.engine = open_engine(database or f"sqlite:///{self.data_dir / 'yiju.db'}")
        self.crm = SleepingCrm(EmbeddedCrm(self.engine, self.clock))
        self.loop = asyncio.new_event_loop()
        self.product = self.started()
        self.sent: list[Envelope] = []
        self.said: list[str] = []
        self.before = frozenset(row.key for row in self.product.rows(WriteRow))
        self.changes = max((row.seq for row in self.product.rows(ChangeRow)), default=0)

    def started(self) -> Product:
        more = {"database_url": self.database} if self.database else {}
        return start(self.demo, self.data_dir, self.clock, self.wecom, crm=self.crm, **more)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self.comes_to_its_end()
        finally:
            self.run(self.product.close())
            self.engine.dispose()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            self.folder.cleanup()

    # what happens

    @rule(words=st.sampled_from(WORDS), times=st.integers(1, 2))
    def hears(self, words: str, times: int) -> None:
        self.product.pass_by(seconds=1)
        self.said.append(f"{len(self.said):03}.{words}")
        self.deliver(self.wecom.say(REP, f"客户华东仁和说:{self.said[-1]}"), times)

    @precondition(lambda self: self.sent)
    @rule(which=st.randoms(use_true_random=False))
    def comes_again(self, which: Any) -> None:
        """Late and out of order: the same bytes, or refused as too old."""
        envelope = which.choice(self.sent)
        assert self.run(self.product.deliver(envelope)).status_code in {200, 403}

    @rule()
    def works(self) -> None:
        self.run(self.product.settle())

    @precondition(lambda self: self.tappable())
    @rule(
        which=st.randoms(use_true_random=False),
        by=st.sampled_from(["", "", MANAGER, STRANGER]),
        button=st.sampled_from(["确认", "确认", "确认", "驳回"]),
        times=st.integers(1, 2),
    )
    def taps(self, which: Any, by: str, button: str, times: int) -> None:
        card = which.choice(self.tappable())
        if button not in _buttons(card):
            return
        self.product.pass_by(seconds=1)
        shown = Shown(by, card.kind, card.content, card.msgid, card.task) if by else card
        self.deliver(self.wecom.tap(shown, button), times)

    @precondition(lambda self: self.tappable())
    @rule(which=st.randoms(use_true_random=False), intent=st.sampled_from(["quote_request", "complaint"]))
    def means_something_else(self, which: Any, intent: str) -> None:
        card = which.choice(self.tappable())
        if "修正" in _buttons(card):
            self.product.pass_by(seconds=1)
            self.deliver(self.wecom.tap(card, "修正", {"intent": intent}), 1)

    @precondition(lambda self: self.open())
    @rule(which=st.randoms(use_true_random=False), by=st.sampled_from([REP, MANAGER, STRANGER]))
    def corrects(self, which: Any, by: str) -> None:
        """On the decision page: other words, carried out at once."""
        decision = which.choice(self.open())
        draft = replace(decision.draft, text=f"{decision.draft.text}。周五前答复")
        reply = Reply(decision.id, UserId(by), Move.CORRECT, decision.version, draft=draft)
        with self.product.parts.store.begin() as session:
            self.product.parts.confirmations.apply(session, reply, self.clock())

    @rule(hours=st.sampled_from([0.2, 1, 25]))
    def time_passes(self, hours: float) -> None:
        self.product.pass_by(hours=hours)
        self.run(self.product.parts.jobs.expire())

    @rule(hours=st.sampled_from([-1, 1]))
    def the_clock_is_put(self, hours: int) -> None:
        self.product.pass_by(hours=hours)

    @rule()
    def the_next_answer_of_the_platform_is_lost(self) -> None:
        def lost(path: str) -> None:
            self.wecom.before_answer = None
            raise httpx.ReadTimeout("lost")

        self.wecom.before_answer = lost

    @rule(asleep=st.booleans())
    def the_crm_sleeps_or_wakes(self, asleep: bool) -> None:
        self.crm.asleep = asleep

    @rule()
    def the_crm_writes_and_its_answer_is_lost(self) -> None:
        self.crm.lost_answers = 1

    @rule(commits=st.integers(1, 8))
    def dies_and_is_started_again(self, commits: int) -> None:
        """Right after that many commits of the work at hand, or when it was done."""
        write = Store.write
        Store.write = _dying(write, commits)  # type: ignore[method-assign, assignment]
        try:
            self.run(self.product.settle())
        except Died:
            pass
        finally:
            Store.write = write  # type: ignore[method-assign]
        self.run(self.product.close())
        self.product = self.started()

    # what holds at any moment

    @invariant()
    def a_delivery_is_one_row_and_at_most_one_turn(self) -> None:
        heard = [row.key for row in self.product.rows(DeliveryRow) if row.kind == "Heard"]
        assert len(heard) == len(self.said)
        turns = Counter(row.delivery for row in self.product.rows(TurnRow))
        assert all(count == 1 for count in turns.values())

    @invariant()
    def nobody_has_two_cards_to_tap_for_one_decision(self) -> None:
        shown = Counter((card.user, card.task.partition("@")[0]) for card in self.tappable())
        assert all(count == 1 for count in shown.values())

    @invariant()
    def only_what_somebody_entitled_confirmed_is_done_and_once(self) -> None:
        confirmed = {row.id: row for row in self.product.rows(ConfirmationRow)}
        assert {row.person for row in confirmed.values()} <= {REP, MANAGER}
        assert len({row.decision for row in confirmed.values()}) == len(confirmed)
        actions = {row.key: row for row in self.product.rows(ActionRow)}
        for row in actions.values():
            assert confirmed[row.confirmation].decision == row.decision
        written = {row.key for row in self.product.rows(WriteRow)} - self.before
        assert written <= actions.keys()
        done = {key for key, row in actions.items() if row.state == "done"}
        assert done <= written
        changes = Counter(
            (row.cause, row.record, row.field)
            for row in self.product.rows(ChangeRow)
            if row.seq > self.changes
        )
        assert all(count == 1 for count in changes.values())

    @invariant()
    def the_journal_is_whole(self) -> None:
        with self.product.parts.store.look() as session:
            assert journal.verify(session) is None

    def comes_to_its_end(self) -> None:
        """With time and nothing more in the way, all is answered and nothing waits."""
        self.wecom.before_answer, self.crm.asleep = None, False
        for _ in range(8):
            self.product.pass_by(minutes=6)
            self.run(self.product.settle())
        told = "\n".join(row.text for row in self.product.rows(TurnRow))
        assert [
            words for words in self.said if words not in told
        ] == []  # lines may be one turn, none is missing
        for table in (DeliveryRow, OutboxRow):
            assert [(row.key, row.error) for row in self.product.rows(table) if row.state != "done"] == []
        assert {row.state for row in self.product.rows(ActionRow)} <= {"done", "dead"}
        settled = {State.CARRIED_OUT, State.FAILED}
        confirmed = {row.decision for row in self.product.rows(ConfirmationRow)}
        assert {one.state for one in self.product.decisions() if one.id in confirmed} <= settled
        shown = Counter(card.task.partition("@")[0] for card in self.product.cards(REP))
        assert {one.id for one in self.product.decisions() if one.state is State.PROPOSED} <= shown.keys()
        self.only_what_somebody_entitled_confirmed_is_done_and_once()
        self.nobody_has_two_cards_to_tap_for_one_decision()

    def deliver(self, envelope: Envelope, times: int) -> None:
        self.sent.append(envelope)
        for _ in range(times):
            assert self.run(self.product.deliver(envelope)).status_code == 200

    def tappable(self) -> list[Shown]:
        return [card for card in self.product.open_cards(REP) if is_proposal(_keys(card))]

    def open(self) -> list[Decision]:
        return [one for one in self.product.decisions() if one.is_open]


def _keys(card: Shown) -> list[str]:
    return [str(one["key"]) for one in card.content.get("button_list", ()) if not one.get("type")]


def _buttons(card: Shown) -> set[str]:
    return {str(one["text"]) for one in card.content.get("button_list", ()) if not one.get("type")}


def _dying(write: Callable[..., Any], commits: int) -> Callable[..., Any]:
    made = 0

    async def writes(self: Store, work: Any) -> Any:
        nonlocal made
        result = await write(self, work)
        made += 1
        if made == commits:
            raise Died
        return result

    return writes


@pytest.mark.timeout(7200 if WALKS else 120)
@pytest.mark.parametrize("on", ["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def test_whatever_happens_in_any_order_nothing_is_lost_doubled_or_unapproved(
    on: str, demo: DemoCompany, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue("postgres_url") if on == "postgresql" else None
    profile = settings(
        max_examples=WALKS or 6,
        stateful_step_count=40 if WALKS else 20,
        deadline=None,
        derandomize=not WALKS,
        phases=[Phase.generate, Phase.shrink] if WALKS else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(lambda: TurnWalk(demo, database), settings=profile)  # type: ignore[no-untyped-call]


def test_there_is_something_to_tap_and_to_confirm(demo: DemoCompany) -> None:
    """The walk's rules reach the ends that its promises are about."""
    walk = TurnWalk(demo, None)
    walk.hears(WORDS[0], 2)
    walk.works()
    (card,) = walk.tappable()
    assert _buttons(card) >= TAPPED
    walk.deliver(walk.wecom.tap(card, "确认"), 2)
    walk.works()
    assert {row.state for row in walk.product.rows(ActionRow)} == {"done"}
    walk.only_what_somebody_entitled_confirmed_is_done_and_once()
    walk.teardown()
