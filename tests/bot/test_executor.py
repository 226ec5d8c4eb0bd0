"""What was confirmed is carried out once per write key, in order, and the card says how it went."""

from __future__ import annotations

import pytest

from bot.confirmation import Move, Refusal
from bot.decision import Draft, State
from bot.executor import PATIENCE
from bot.queues import MAX_ATTEMPTS
from bot.store import Store
from bot.tables import OutboxRow
from crm_bridge import CrmUnavailable, UnknownAccount, WriteRefused
from prompts import phrase
from tests.fakes.clock import Clock
from tests.fakes.decisions import OPPORTUNITY, TASK, a_decision
from tests.fakes.office import Office

FIRST, SECOND = OPPORTUNITY.kind, TASK.kind


@pytest.fixture
def office(store: Store, clock: Clock) -> Office:
    """With zhangsan's decision confirmed: two actions wait."""
    office = Office(store, clock)
    office.propose()
    office.tap(Move.CONFIRM)
    return office


async def run(office: Office, times: int = 1, **later: float) -> None:
    for _ in range(times):
        await office.worker.drain()
        office.clock.advance(**(later or {"minutes": 6}))


def words_said(office: Office) -> list[str]:
    return [row.payload["words"] for row in office.rows(OutboxRow, "seq") if row.kind == "say"]


async def test_every_confirmed_action_is_carried_out_once_and_in_order(office: Office) -> None:
    await run(office, 3)
    assert office.crm.writes == [FIRST, SECOND]
    assert list(office.crm.written) == ["d1-1", "d1-2"]
    assert office.decision().state is State.CARRIED_OUT
    receipts = [(row.receipt or {})["shown"] for row in office.action_rows()]
    assert receipts == [f"已写入 {FIRST}", f"已写入 {SECOND}"]
    assert office.journal() == [
        "DecisionConfirmed",
        "ActionCarriedOut",
        "DecisionCarriedOut",
        "ActionCarriedOut",
    ]


async def test_the_decision_moves_only_with_its_last_action(office: Office) -> None:
    office.crm.trouble[SECOND] = CrmUnavailable("asleep")
    await run(office)
    assert office.crm.writes == [FIRST]
    assert office.decision().state is State.CONFIRMED
    office.crm.trouble.clear()
    await run(office)
    assert office.decision().state is State.CARRIED_OUT


async def test_a_crash_after_the_write_and_before_the_commit_writes_nothing_twice(office: Office) -> None:
    row = office.action_rows()[0]
    await office.executor._carry_out(row, [])  # and then the process is killed
    await run(office, 2)
    assert office.crm.writes == [FIRST, SECOND]
    assert office.decision().state is State.CARRIED_OUT


async def test_after_a_time_out_the_target_is_asked_before_it_is_written_to_again(office: Office) -> None:
    office.crm.lost[FIRST] = CrmUnavailable("no answer within 10 s")
    await run(office)
    assert (office.crm.asked, office.decision().state) == ([], State.CONFIRMED)
    await run(office)
    assert office.crm.asked == ["d1-1"]
    assert office.crm.writes == [FIRST, SECOND]
    assert office.decision().state is State.CARRIED_OUT


async def test_a_sleeping_system_is_waited_for_with_growing_pauses_and_the_card_says_so_once(
    office: Office,
) -> None:
    office.crm.trouble[FIRST] = CrmUnavailable("asleep")
    pauses = []
    for _ in range(12):
        await office.worker.drain()
        row = office.action_rows()[0]
        pauses.append((row.next_at - office.clock()).total_seconds())
        office.clock.now = row.next_at
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert (pauses[-1], pauses) == (300, sorted(pauses))
    assert [key for key in office.said() if "waits" in key] == ["refresh:d1:1:zhangsan:waits:d1-1"]


async def test_a_system_that_never_wakes_up_ends_in_a_failure_that_can_be_retried(office: Office) -> None:
    office.crm.trouble = {FIRST: CrmUnavailable("asleep"), SECOND: CrmUnavailable("asleep")}
    await run(office, 2 * PATIENCE)
    assert (office.decision().state, office.decision().note) == (State.FAILED, phrase("system_silent"))
    office.crm.trouble.clear()
    assert office.tap(Move.RETRY).refused is None
    await run(office)
    assert (office.crm.writes, office.decision().state) == ([FIRST, SECOND], State.CARRIED_OUT)


@pytest.mark.parametrize("error", [WriteRefused("客户已冻结,请联系财务"), UnknownAccount("no account A-1")])
async def test_a_refused_action_fails_the_decision_with_its_reason_after_the_others_are_through(
    office: Office, error: Exception
) -> None:
    office.crm.trouble[FIRST] = error
    await run(office)
    assert office.crm.writes == [SECOND]
    assert (office.decision().state, office.decision().note) == (State.FAILED, str(error))
    assert office.dead_keys() == ["d1-1"]
    assert office.journal() == [
        "DecisionConfirmed", "ActionFailed", "DecisionFailed", "ActionCarriedOut",
    ]  # fmt: skip


async def test_while_an_action_still_waits_a_failed_one_can_be_neither_retried_nor_declined(
    office: Office,
) -> None:
    office.crm.trouble = {FIRST: WriteRefused("客户已冻结"), SECOND: CrmUnavailable("asleep")}
    await run(office)
    for move in (Move.RETRY, Move.DECLINE):
        assert office.tap(move).refused is Refusal.DECIDED
    del office.crm.trouble[SECOND]
    await run(office)
    assert office.decision().state is State.FAILED
    office.tap(Move.DECLINE, note="算了")
    await run(office, 2)
    assert (office.crm.writes, office.decision().state) == ([SECOND], State.DECLINED)


async def test_a_retry_keeps_the_write_keys_and_does_again_only_what_was_not_done(office: Office) -> None:
    office.crm.trouble[FIRST] = WriteRefused("客户已冻结")
    await run(office)
    before = {row.key: row.confirmation for row in office.action_rows()}
    office.crm.trouble.clear()
    applied = office.tap(Move.RETRY, by="chenjing")
    assert applied.decision
    assert (applied.decision.state, applied.decision.decided_by) == (State.CONFIRMED, "chenjing")
    after = {row.key: row.confirmation for row in office.action_rows()}
    assert after.keys() == before.keys()
    assert after["d1-2"] == before["d1-2"]
    assert after["d1-1"] != before["d1-1"]
    await run(office)
    assert (office.crm.writes, office.decision().state) == ([SECOND, FIRST], State.CARRIED_OUT)
    assert [row.kind for row in office.confirmation_rows()] == ["confirmed", "retry"]


async def test_a_retry_asks_first_whether_the_lost_attempt_was_written_after_all(office: Office) -> None:
    office.crm.trouble[SECOND] = WriteRefused("没有权限")
    row = office.action_rows()[0]
    await office.executor._carry_out(row, [])  # written, but its answer never came back
    office.crm.trouble[FIRST] = WriteRefused("没有权限")
    await run(office)
    office.crm.trouble = {FIRST: AssertionError("written to again without asking")}
    office.tap(Move.RETRY)
    await run(office)
    assert office.crm.asked == ["d1-1", "d1-2"]
    assert (office.crm.writes, office.decision().state) == ([FIRST, SECOND], State.CARRIED_OUT)


async def test_an_unexpected_error_is_tried_again_and_then_said_in_words_a_rep_understands(
    office: Office,
) -> None:
    office.crm.trouble[FIRST] = ValueError("unexpected keyword 'foo'")
    await run(office, MAX_ATTEMPTS + 1)
    assert (office.decision().state, office.decision().note) == (
        State.FAILED,
        "系统内部错误,管理员已收到通知",
    )
    assert office.crm.writes == [SECOND]


async def test_an_undo_takes_back_every_action_the_last_one_first(office: Office) -> None:
    await run(office)
    assert office.tap(Move.UNDO).refused is None
    assert office.decision().state is State.CARRIED_OUT
    await run(office)
    assert office.crm.writes[2:] == [f"undo:{SECOND}", f"undo:{FIRST}"]
    assert office.decision().state is State.UNDONE
    assert [row.kind for row in office.confirmation_rows()] == ["confirmed", "undo"]
    assert office.journal()[-4:] == ["UndoConfirmed", "ActionUndone", "DecisionUndone", "ActionUndone"]


async def test_a_second_undo_changes_nothing_and_names_who_was_first(office: Office) -> None:
    await run(office)
    office.tap(Move.UNDO, by="chenjing")
    rows = office.action_rows()
    applied = office.tap(Move.UNDO)
    assert (applied.refused, applied.details["by"]) == (Refusal.DECIDED, "陈静")
    assert office.action_rows() == rows
    await run(office)
    late = office.tap(Move.UNDO)
    assert (late.refused, late.details["by"]) == (Refusal.DECIDED, "陈静")
    assert (office.decision().decided_by, office.decision().undone_by) == ("zhangsan", "chenjing")


@pytest.mark.parametrize("undoable", ["d1-1", "d1-2", ""])
async def test_an_undo_is_refused_unless_everything_can_be_taken_back(office: Office, undoable: str) -> None:
    await run(office)

    def change(session: object) -> None:
        for row in office.action_rows():
            row.receipt = {**(row.receipt or {}), "undoable": row.key == undoable}
            session.merge(row)  # type: ignore[attr-defined]

    office.break_in(change)
    assert office.tap(Move.UNDO).refused is Refusal.NOT_UNDOABLE
    assert len(office.action_rows()) == 2


async def test_an_undo_is_refused_where_one_kind_of_action_never_can_be_taken_back(office: Office) -> None:
    await run(office)
    blind = type(office.confirmations)(office.outbox, office.actions, lambda kind: kind != FIRST)
    office.confirmations = blind
    assert office.tap(Move.UNDO).refused is Refusal.NOT_UNDOABLE


async def test_an_undo_that_the_system_refuses_is_said_and_leaves_the_decision_carried_out(
    office: Office,
) -> None:
    await run(office)
    office.crm.trouble[f"undo:{FIRST}"] = WriteRefused("商机已被修改")
    office.tap(Move.UNDO)
    await run(office, 2)
    assert office.decision().state is State.CARRIED_OUT
    assert words_said(office) == ["没有撤销:商机已被修改"]
    assert office.tap(Move.UNDO).refused is Refusal.NOT_UNDOABLE


async def test_what_is_declined_or_superseded_is_never_carried_out(store: Store, clock: Clock) -> None:
    office = Office(store, clock)
    office.propose()
    office.tap(Move.DECLINE)
    await run(office)
    assert office.crm.writes == []


async def test_a_decision_without_a_customer_writes_nothing_and_says_why(store: Store, clock: Clock) -> None:
    office = Office(store, clock)
    office.propose(a_decision(customer=None, draft=Draft("", (TASK,))))
    office.tap(Move.CONFIRM)
    await run(office)
    assert office.decision().state is State.FAILED
    assert "还不知道是哪家客户" in office.decision().note


async def test_every_version_of_a_decision_has_its_line_in_the_journal(office: Office) -> None:
    office.crm.trouble[FIRST] = WriteRefused("客户已冻结")
    await run(office)
    office.crm.trouble.clear()
    office.tap(Move.RETRY)
    await run(office)
    office.tap(Move.UNDO)
    await run(office)
    assert office.versions() == [1, 2, 3, 4, 5]
    assert office.decision().version == 5
