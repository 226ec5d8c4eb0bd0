"""Decisions move only where the state machine lets them, and say what would be written only once a rep said yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation import UserId
from bot.decision import FOLLOWED_BY, Decision, Draft, Proposal, State
from bot.errors import MoveRefused
from tests.fakes.clock import START
from tests.fakes.decisions import OPPORTUNITY, READING, TASK, a_decision

REP = UserId("zhangsan")
MOVES: dict[State, Callable[[Decision], Decision]] = {
    State.CONFIRMED: lambda decision: decision.confirm(REP, START),
    State.CORRECTED: lambda decision: decision.correct(REP, START, Draft("改过的话")),
    State.DECLINED: lambda decision: decision.decline(REP, START, "不需要"),
    State.EXPIRED: lambda decision: decision.expire(),
    State.SUPERSEDED: lambda decision: decision.supersede("newer_words", REP, START),
    State.CARRIED_OUT: lambda decision: decision.carry_out(),
    State.FAILED: lambda decision: decision.fail("系统拒绝"),
    State.UNDONE: lambda decision: decision.undo(REP, START),
}
ALLOWED = {
    ("proposed", "confirmed"), ("proposed", "corrected"), ("proposed", "declined"), ("proposed", "expired"),
    ("proposed", "superseded"), ("confirmed", "carried_out"), ("confirmed", "failed"), ("corrected", "carried_out"),
    ("corrected", "failed"), ("failed", "confirmed"), ("failed", "declined"), ("carried_out", "undone"),
}  # fmt: skip
"""Written out by hand from the design, so that a slip in `FOLLOWED_BY` shows."""
PAIRS = [(before, after) for before in State for after in State]


def test_the_table_of_moves_is_the_one_that_was_designed() -> None:
    assert {(before.value, after.value) for before in State for after in FOLLOWED_BY[before]} == ALLOWED
    assert len(PAIRS) == 81


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=[f"{a.value}-{b.value}" for a, b in PAIRS])
def test_every_pair_of_states_moves_or_is_refused_as_designed(before: State, after: State) -> None:
    decision = a_decision(state=before, version=7)
    if after not in MOVES:
        assert after is State.PROPOSED  # nothing leads back to a proposal: there is no move with that name
        assert all(after not in followers for followers in FOLLOWED_BY.values())
    elif (before.value, after.value) in ALLOWED:
        moved = MOVES[after](decision)
        assert (moved.state, moved.version) == (after, 8)
    else:
        with pytest.raises(MoveRefused) as refused:
            MOVES[after](decision)
        assert (refused.value.state, refused.value.to) == (before, after)
    assert decision == a_decision(state=before, version=7)  # a value: moving it makes another one


@pytest.mark.parametrize("state", State)
def test_only_a_confirmed_or_corrected_decision_has_actions(state: State) -> None:
    decision = a_decision(state=state)
    expected = (OPPORTUNITY, TASK) if state in {State.CONFIRMED, State.CORRECTED} else ()
    assert decision.actions == expected


def test_a_correction_carries_out_what_the_rep_wrote_instead() -> None:
    draft = Draft("改过的话", (Proposal("task.create", {"title": "打电话"}),), written_by="zhangsan")
    corrected = a_decision().correct(REP, START, draft)
    assert (corrected.actions, corrected.decided_by, corrected.decided_at) == (draft.actions, REP, START)


def test_who_undoes_it_stands_beside_who_decided_it() -> None:
    decided = a_decision().confirm(REP, START).carry_out()
    undone = decided.undo(UserId("chenjing"), START + timedelta(hours=1))
    assert (undone.decided_by, undone.decided_at) == (REP, START)
    assert (undone.undone_by, undone.undone_at) == ("chenjing", START + timedelta(hours=1))
    assert (undone.last_by, undone.last_at) == (undone.undone_by, undone.undone_at)
    assert (decided.last_by, decided.last_at) == (REP, START)


def test_a_failure_and_a_decline_keep_why() -> None:
    failed = a_decision().confirm(REP, START).fail("客户已冻结")
    assert failed.note == "客户已冻结"
    assert failed.decline(REP, START, "改日再说").note == "改日再说"


def test_a_decision_asks_where_nothing_names_an_intent() -> None:
    assert a_decision(intent=None).asks
    assert not a_decision().asks


@pytest.mark.parametrize(
    "changes",
    [
        {"words": "X200 要 60 台"},
        {"customer": None},
        {"intent": None},
        {"draft": replace(a_decision().draft, text="别的话")},
        {"draft": replace(a_decision().draft, actions=(OPPORTUNITY,))},
        {"draft": replace(a_decision().draft, actions=(TASK, OPPORTUNITY))},
        {"draft": replace(a_decision().draft, actions=(replace(OPPORTUNITY, params={"quantity": 51}), TASK))},
    ],
)
def test_the_content_hash_changes_with_everything_a_rep_would_confirm(changes: dict[str, object]) -> None:
    assert a_decision(**changes).content_hash != a_decision().content_hash


def test_the_content_hash_is_the_same_whatever_order_parameters_stand_in() -> None:
    turned = replace(OPPORTUNITY, params=dict(reversed(list(OPPORTUNITY.params.items()))))
    assert (
        a_decision(draft=Draft("", (turned,))).content_hash
        == a_decision(draft=Draft("", (OPPORTUNITY,))).content_hash
    )


def test_the_content_hash_does_not_change_with_state_or_time() -> None:
    moved = a_decision().confirm(REP, START).fail("拒绝")
    assert moved.content_hash == a_decision().content_hash
    assert replace(moved, reading=replace(READING, model="m2")).content_hash == moved.content_hash
