"""Decisions and deliveries come back from the store as they went in, and an old version saves over nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import decisions
from bot.channels import CardReply, Entered, Heard, Outcome, ReplyAddress, Unsupported
from bot.conversation import ConversationId, UserId
from bot.decision import Decision, DecisionId, Draft, Proposal, Rationale, Reason, ReasonKind
from bot.deliveries import outcome_of, store_outcome
from bot.errors import NewerVersion, NotFound
from bot.store import Store
from bot.tables import DecisionRow
from intents import Abstention
from tests.fakes.clock import START
from tests.fakes.decisions import READING, a_decision
from tests.fakes.queues import deliveries, rows

REP = UserId("zhangsan")


def kept(store: Store, *found: Decision) -> None:
    with store.begin() as session:
        for decision in found:
            decisions.insert(session, decision)


def loaded(store: Store, decision: str = "d1") -> Decision:
    with store.look() as session:
        return decisions.load(session, decision)


@pytest.mark.parametrize(
    "decision",
    [
        a_decision(),
        a_decision(
            intent=None,
            customer=None,
            draft=Draft(""),
            reading=replace(READING, abstained=Abstention.TWO_CLOSE),
        ),
        a_decision(
            rationale=Rationale((Reason(ReasonKind.EVENT, "已付款", "CRM", "e1", START),), ("a",), ("b",))
        ),
        a_decision(follows=DecisionId("d0")),
        a_decision().confirm(REP, START).fail("拒绝"),
    ],
)
def test_a_decision_comes_back_as_it_went_in(store: Store, decision: Decision) -> None:
    kept(store, decision)
    assert loaded(store) == decision
    assert loaded(store).content_hash == decision.content_hash


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(params=st.dictionaries(st.text("abcdef", min_size=1, max_size=5), plain, max_size=5))
def test_what_a_rep_would_confirm_has_the_same_hash_after_a_round_through_the_store(
    params: dict[str, Any],
) -> None:
    decision = a_decision(draft=Draft("话", (Proposal("task.create", params),)))
    row = DecisionRow(**decisions.columns(decision))
    assert decisions.read(row) == decision
    assert decisions.read(row).content_hash == row.content_hash == decision.content_hash


def test_a_decision_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no decision d1"):
        loaded(store)


def test_a_move_from_an_old_version_saves_over_nothing(store: Store) -> None:
    kept(store, a_decision())
    first, second = a_decision().confirm(REP, START), a_decision().decline(UserId("chenjing"), START, "")
    with store.begin() as session:
        decisions.save(session, first)
    with pytest.raises(NewerVersion, match="version 0"), store.begin() as session:
        decisions.save(session, second)
    assert loaded(store) == first


def test_the_open_decisions_of_a_conversation_are_found_newest_first(store: Store) -> None:
    later = START + timedelta(minutes=5)
    kept(
        store,
        a_decision(id="d1"),
        a_decision(id="d2", created_at=later),
        a_decision(id="d3").expire(),
        a_decision(id="d4", conversation=ConversationId("sim:lisi")),
    )
    with store.look() as session:
        assert [one.id for one in decisions.open_in(session, ConversationId("sim:zhangsan"))] == ["d2", "d1"]


def test_a_decision_is_overdue_from_the_moment_it_expires(store: Store) -> None:
    kept(store, a_decision(id="d1"), a_decision(id="d2").decline(REP, START, ""))
    with store.look() as session:
        assert decisions.overdue(session, a_decision().expires_at - timedelta(seconds=1)) == []
        assert [one.id for one in decisions.overdue(session, a_decision().expires_at)] == ["d1"]


OUTCOMES: list[Outcome] = [
    Heard("k", "zhangsan", "c", "客户说:😀\n报价", START, "引用", ReplyAddress({"webhook": "w"}), "张三"),
    CardReply(
        "k", "zhangsan", "c", "d1", "confirm", START, 0, "abc", {"intent": "x"}, ReplyAddress({"code": 1})
    ),
    CardReply("k", "zhangsan", "c", "d1", "confirm", START),
    Entered("k", "zhangsan", "c", START),
    Unsupported("k", "zhangsan", "c", "image", START),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[type(outcome).__name__ for outcome in OUTCOMES])
def test_what_a_platform_brought_comes_back_as_it_was_and_once(store: Store, outcome: Outcome) -> None:
    queue = deliveries(store)
    with store.begin() as session:
        assert store_outcome(session, queue, "wecom", outcome, START)
        assert not store_outcome(session, queue, "wecom", outcome, START)
    (row,) = rows(store)
    assert outcome_of(row) == outcome
    assert (row.lane, row.channel, row.kind) == ("wecom:c", "wecom", type(outcome).__name__)
