"""A reply to a card: who may, bound to what was shown, one winner, and no action without a confirmation."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from bot.channels import ReplyAddress
from bot.confirmation import Applied, Move, Refusal
from bot.decision import Draft, Proposal, State
from bot.outbox import Tap
from bot.store import Store
from bot.tables import ActionRow, ConfirmationRow, OutboxRow, UserRow
from intents import Intent
from tests.fakes.clock import Clock
from tests.fakes.decisions import OPPORTUNITY, TASK, a_decision
from tests.fakes.office import Office


@pytest.fixture
def office(store: Store, clock: Clock) -> Office:
    return Office(store, clock)


def unchanged(office: Office) -> bool:
    """Nothing was decided, and nothing will be carried out."""
    left = (
        office.action_rows(),
        office.confirmation_rows(),
        office.corrections(),
        office.said(),
        office.journal(),
    )
    return not any(left) and office.decision() == a_decision()


def test_a_yes_becomes_a_confirmation_and_an_action_for_each_proposal(office: Office) -> None:
    office.propose()
    applied = office.tap(Move.CONFIRM, version=0, content_hash=a_decision().content_hash)
    assert applied.refused is None
    assert (applied.decision, office.decision().state) == (office.decision(), State.CONFIRMED)
    (confirmation,) = office.confirmation_rows()
    assert (confirmation.person, confirmation.version, confirmation.kind) == ("zhangsan", 0, "confirmed")
    assert confirmation.content_hash == a_decision().content_hash
    assert [(row.key, row.kind, row.params) for row in office.action_rows()] == [
        ("d1-1", OPPORTUNITY.kind, OPPORTUNITY.params),
        ("d1-2", TASK.kind, TASK.params),
    ]
    assert {row.confirmation for row in office.action_rows()} == {confirmation.id}
    assert office.journal() == ["DecisionConfirmed"]


def test_a_yes_to_words_only_is_carried_out_at_once(office: Office) -> None:
    office.propose(a_decision(draft=Draft("您好")))
    applied = office.tap(Move.CONFIRM)
    assert applied.decision
    assert (applied.decision.state, applied.decision.version) == (State.CARRIED_OUT, 2)
    assert office.action_rows() == []
    assert office.journal() == ["DecisionConfirmed", "DecisionCarriedOut"]


@pytest.mark.parametrize("stranger", ["lisi", "sunli", "admin"])
@pytest.mark.parametrize("move", Move)
def test_nobody_but_the_rep_and_the_manager_may_decide(office: Office, stranger: str, move: Move) -> None:
    office.propose()
    applied = office.tap(move, by=stranger, version=0, content_hash=a_decision().content_hash)
    assert (applied.refused, applied.details) == (Refusal.NOT_YOURS, {"rep": "张三"})
    assert unchanged(office)


def test_a_forwarded_card_carries_no_right_even_with_everything_right_on_it(office: Office) -> None:
    shown = office.propose()
    tap = Tap("tap-1", "lisi", ReplyAddress({"code": "c"}))
    applied = office.tap(Move.CONFIRM, by="lisi", version=0, content_hash=shown.content_hash, tap=tap)
    assert applied.refused is Refusal.NOT_YOURS
    assert unchanged(office)


def test_the_manager_may_decide_and_is_named(office: Office) -> None:
    office.propose()
    applied = office.tap(Move.CONFIRM, by="chenjing")
    assert applied.decision
    assert applied.decision.decided_by == "chenjing"
    assert [row.person for row in office.confirmation_rows()] == ["chenjing"]


def test_another_teams_manager_may_not(office: Office) -> None:
    office.propose()
    office.break_in(lambda session: session.add(UserRow(id="qinlan", name="秦岚", role="manager")))
    assert office.tap(Move.CONFIRM, by="qinlan").refused is Refusal.NOT_YOURS
    assert unchanged(office)


def test_a_rep_who_left_may_not_decide_any_more(office: Office) -> None:
    office.propose()
    gone = update(UserRow).where(col(UserRow.id) == "zhangsan").values(active=False)
    office.break_in(lambda session: session.execute(gone))
    assert office.tap(Move.CONFIRM).refused is Refusal.NOT_YOURS
    assert unchanged(office)


def test_a_card_nobody_knows_is_said_to_be_unknown(office: Office) -> None:
    applied = office.tap(Move.CONFIRM, decision="no-such")
    assert applied == Applied(None, Refusal.UNKNOWN)


def test_a_card_that_ran_out_expires_with_the_tap_and_nothing_fires(office: Office, clock: Clock) -> None:
    office.propose()
    clock.now = a_decision().expires_at
    applied = office.tap(Move.CONFIRM)
    assert applied.refused is Refusal.EXPIRED
    assert office.decision().state is State.EXPIRED
    assert (office.action_rows(), office.journal()) == ([], ["DecisionExpired"])
    assert office.tap(Move.CONFIRM).refused is Refusal.EXPIRED


def test_a_card_is_good_until_the_last_moment(office: Office, clock: Clock) -> None:
    office.propose()
    clock.now = a_decision().expires_at - timedelta(microseconds=1)
    assert office.tap(Move.CONFIRM).refused is None


@pytest.mark.parametrize("stale", [{"version": 3}, {"content_hash": "0123456789abcdef"}])
def test_a_card_that_shows_something_else_confirms_nothing(office: Office, stale: dict[str, Any]) -> None:
    office.propose()
    assert office.tap(Move.CONFIRM, **stale).refused is Refusal.CHANGED
    assert unchanged(office)


def test_a_hash_that_the_platform_cut_short_still_binds(office: Office) -> None:
    shown = office.propose()
    assert office.tap(Move.CONFIRM, content_hash=shown.content_hash[:8]).refused is None


def test_a_second_tap_changes_nothing_and_names_who_was_first(office: Office) -> None:
    office.propose()
    office.tap(Move.CONFIRM)
    before = (office.decision(), office.action_rows(), office.said(), office.journal())
    for move in (Move.CONFIRM, Move.CORRECT, Move.DECLINE):
        applied = office.tap(move, by="chenjing")
        assert (applied.refused, applied.details) == (
            Refusal.DECIDED,
            {"by": "张三", "at": "2026-11-26 15:04"},
        )
    assert (office.decision(), office.action_rows(), office.said(), office.journal()) == before


def test_a_card_that_newer_words_replaced_confirms_nothing(office: Office, clock: Clock) -> None:
    shown = office.propose()
    office.break_in(
        lambda session: office.confirmations.supersede(session, shown, "newer_words", clock()) and None
    )
    assert office.tap(Move.CONFIRM).refused is Refusal.DECIDED
    assert (office.action_rows(), office.journal()) == ([], ["DecisionSuperseded"])


def test_a_card_that_asks_is_not_confirmed(office: Office) -> None:
    office.propose(a_decision(intent=None, draft=Draft("")))
    assert office.tap(Move.CONFIRM).refused is Refusal.ASKS
    assert office.tap(Move.CORRECT, draft=Draft("话")).refused is Refusal.ASKS
    assert office.decision().state is State.PROPOSED


def test_a_card_that_lacks_something_says_what(office: Office) -> None:
    incomplete = replace(TASK, missing=("截止", "负责人"))
    office.propose(a_decision(draft=Draft("您好", (OPPORTUNITY, incomplete))))
    applied = office.tap(Move.CONFIRM)
    assert (applied.refused, applied.details) == (Refusal.INCOMPLETE, {"missing": "截止、负责人"})
    assert office.action_rows() == []


def test_a_correction_carries_out_what_was_corrected_and_notes_the_difference(office: Office) -> None:
    shown = office.propose()
    fewer = replace(OPPORTUNITY, params={**OPPORTUNITY.params, "quantity": 40})
    applied = office.tap(Move.CORRECT, draft=Draft("改过的话", (fewer,)), note="客户改口了")
    assert applied.decision
    assert applied.decision.state is State.CORRECTED
    assert [row.params["quantity"] for row in office.action_rows()] == [40]
    (confirmation,) = office.confirmation_rows()
    assert confirmation.changes == {
        "draft": [shown.draft.text, "改过的话"],
        "opportunity.create.quantity": [50, 40],
        "task.create": ["proposed", None],
    }
    assert (confirmation.kind, confirmation.content_hash) == ("corrected", shown.content_hash)
    (correction,) = office.corrections()
    assert (correction.kind, correction.note, correction.changes) == (
        "content",
        "客户改口了",
        confirmation.changes,
    )
    assert office.journal() == ["DecisionCorrected"]


def test_an_action_a_rep_added_is_noted_too(office: Office) -> None:
    shown = office.propose()
    second = Proposal("task.create", {"title": "再打电话"})
    office.tap(Move.CORRECT, draft=replace(shown.draft, actions=(OPPORTUNITY, TASK, second)))
    assert office.confirmation_rows()[0].changes == {"task.create 2": [None, "added"]}
    assert [row.key for row in office.action_rows()] == ["d1-1", "d1-2", "d1-3"]


def test_a_form_sent_back_as_it_was_is_a_plain_yes(office: Office) -> None:
    shown = office.propose()
    office.tap(Move.CORRECT, draft=shown.draft, intent=shown.intent)
    assert office.decision().state is State.CONFIRMED
    assert (office.corrections(), office.journal()) == ([], ["DecisionConfirmed"])


def test_a_correction_without_anything_corrected_changes_nothing(office: Office) -> None:
    office.propose()
    replies: tuple[dict[str, Any], ...] = ({}, {"intent": a_decision().intent})
    for reply in replies:
        assert office.tap(Move.CORRECT, **reply).refused is Refusal.UNCHANGED
    assert unchanged(office)


def test_another_intent_closes_the_card_asks_for_a_new_one_and_carries_out_nothing(office: Office) -> None:
    office.propose()
    applied = office.tap(Move.CORRECT, intent=Intent("price_objection"), note="是嫌贵")
    assert applied.propose_as == "price_objection"
    assert (office.decision().state, office.decision().decided_by) == (State.SUPERSEDED, "zhangsan")
    (correction,) = office.corrections()
    assert (correction.kind, correction.proposed, correction.corrected) == (
        "intent",
        "quote_request",
        "price_objection",
    )
    assert (office.action_rows(), office.confirmation_rows(), office.journal()) == (
        [],
        [],
        ["IntentCorrected"],
    )


def test_a_no_carries_out_nothing_and_keeps_why(office: Office) -> None:
    office.propose()
    applied = office.tap(Move.DECLINE, note="客户已经买了别家")
    assert applied.decision
    assert (applied.decision.state, applied.decision.note) == (State.DECLINED, "客户已经买了别家")
    assert [(row.kind, row.note) for row in office.corrections()] == [("declined", "客户已经买了别家")]
    assert (office.action_rows(), office.journal()) == ([], ["DecisionDeclined"])


@pytest.mark.parametrize("move", [Move.RETRY, Move.UNDO])
def test_what_was_not_confirmed_can_neither_be_retried_nor_undone(office: Office, move: Move) -> None:
    office.propose()
    assert office.tap(move).refused is Refusal.DECIDED
    assert unchanged(office)


def test_a_tap_refreshes_the_tapped_card_with_the_code_it_brought_and_the_others_without(
    office: Office,
) -> None:
    office.propose()
    office.tap(Move.CONFIRM, by="chenjing", tap=Tap("tap-1", "ChenJing", ReplyAddress({"code": "c1"})))
    refreshed = {row.recipient: row.payload["reply_to"] for row in office.rows(OutboxRow)}
    assert refreshed == {"zhangsan": {}, "ChenJing": {"code": "c1"}}


@pytest.mark.parametrize("round_", range(5))
def test_of_two_taps_at_once_one_wins_and_the_other_is_told_who_and_when(office: Office, round_: int) -> None:
    office.propose()
    together, results = threading.Barrier(2), dict[str, Applied]()

    def tap(by: str, move: Move) -> None:
        together.wait()
        results[by] = office.tap(move, by=by)

    moves = {"zhangsan": Move.CONFIRM, "chenjing": (Move.DECLINE, Move.CONFIRM)[round_ % 2]}
    threads = [threading.Thread(target=tap, args=pair) for pair in moves.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [by for by, applied in results.items() if applied.refused is None]
    (loser,) = results.keys() - {winner}
    assert (results[loser].refused, office.decision().decided_by) == (Refusal.DECIDED, winner)
    name = {"zhangsan": "张三", "chenjing": "陈静"}[winner]
    assert results[loser].details == {"by": name, "at": "2026-11-26 15:04"}
    confirmed = moves[winner] is Move.CONFIRM
    assert (len(office.confirmation_rows()), len(office.action_rows())) == ((1, 2) if confirmed else (0, 0))
    assert len(office.journal()) == 1


def test_a_confirmation_with_actions_cannot_be_deleted(office: Office) -> None:
    office.propose()
    office.tap(Move.CONFIRM)
    with pytest.raises(IntegrityError):
        office.break_in(lambda session: session.execute(delete(ConfirmationRow)))
    assert all(row.confirmation for row in office.rows(ActionRow))
