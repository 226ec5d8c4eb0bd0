"""One opened decision: who may, what was changed, handing it over, replaying it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from bot import decisions, people, retention, turns
from bot.app import Parts
from bot.confirmation import Move, Reply
from bot.console import opened
from bot.console.refusals import in_chinese
from bot.conversation import Turn, UserId
from bot.decision import Decision, DecisionId, Rationale, Reason, ReasonKind, State
from bot.errors import InvalidInput, NotAllowed, NotFound
from bot.people import Person
from bot.tables import CardRow, ConfirmationRow, DecisionRow, OutboxRow
from crm_bridge import UnknownAccount
from intents import Intent, Speaker
from knowledge import MANAGERS
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision
from tests.fakes.lent_library import document_called, seen_by


def person(parts: Parts, name: str) -> Person:
    with parts.store.look() as session:
        return people.by_id(session, name)


def save(parts: Parts, **changes: object) -> Decision:
    decision = a_decision(**changes)
    turn = Turn(
        decision.turn, decision.conversation, "sim", decision.rep, Speaker.CUSTOMER, decision.words, START
    )
    with parts.store.begin() as session:
        decisions.insert(session, decision)
        turns.add(session, turn, f"delivery-{decision.id}", "card")
        shown = {"decision": decision.id, "recipient": decision.rep, "channel": decision.channel}
        session.add(CardRow(**shown, ref={"id": "m1"}, shown_version=0, shown_at=START))
    return decision


def open_it(parts: Parts, viewer: str, decision: str = "d1") -> opened.Opened:
    with parts.store.look() as session:
        return opened.open_it(session, parts, person(parts, viewer), decision)


def tap(parts: Parts, move: Move, by: str = "zhangsan", **reply: Any) -> None:
    with parts.store.begin() as session:
        applied = parts.confirmations.apply(session, Reply("d1", UserId(by), move, **reply), parts.clock())
        assert not applied.refused


def test_a_colleague_cannot_open_it_and_cannot_tell_whether_it_exists(parts: Parts) -> None:
    save(parts)
    said = set()
    for key in ("d1", "nothing"):
        with pytest.raises(NotFound) as refused:
            open_it(parts, "lisi", key)
        said.add(str(refused.value))
    assert len(said) == 1
    assert open_it(parts, "chenjing").may_decide
    assert not open_it(parts, "admin").may_decide


def test_what_a_rep_changed_stands_side_by_side(parts: Parts) -> None:
    decision = save(parts)
    task = replace(
        decision.draft.actions[1], params={**decision.draft.actions[1].params, "title": "今天回复"}
    )
    draft = replace(decision.draft, text="改过的话。", actions=(decision.draft.actions[0], task))
    tap(parts, Move.CORRECT, draft=draft)
    changes = {one.name: (one.was, one.is_now) for one in open_it(parts, "chenjing").changes}
    assert changes == {
        "draft": (decision.draft.text, "改过的话。"),
        "task.create.title": ("周五前回复报价", "今天回复"),
    }


def test_the_card_as_it_was_shown_stands_beside_what_a_correction_made_of_it(parts: Parts) -> None:
    """By the version and the hash that the confirmation names."""
    shown = save(parts)
    assert (open_it(parts, "chenjing").before, open_it(parts, "chenjing").after) == ([], None)
    tap(parts, Move.CORRECT, draft=replace(shown.draft, text="改过的话。", actions=shown.draft.actions[:1]))
    seen = open_it(parts, "chenjing")
    (before,) = seen.before
    assert seen.after is not None
    with parts.store.look() as session:
        confirmation = session.execute(select(ConfirmationRow)).scalars().one()
    assert (before.version, before.content_hash) == (confirmation.version, confirmation.content_hash)
    assert (before.card.draft, len(before.card.actions)) == (shown.draft.text, 2)
    assert (seen.after.card.draft, len(seen.after.card.actions)) == ("改过的话。", 1)
    assert seen.after.content_hash == seen.decision.content_hash


def test_every_version_that_was_shown_is_kept_and_moves_without_a_change_keep_none(parts: Parts) -> None:
    first = save(parts)
    better = first.redraft(replace(first.draft, text="更好的话。", written_by="m"), first.rationale)
    with parts.store.begin() as session:
        decisions.save(session, better)
    tap(parts, Move.CORRECT, draft=replace(better.draft, text="改过的话。"))
    assert [one.card.draft for one in open_it(parts, "chenjing").before] == [first.draft.text, "更好的话。"]
    plain = save(parts, id=DecisionId("d2"), turn="t2")
    with parts.store.begin() as session:
        confirmed = parts.confirmations.apply(
            session, Reply(plain.id, UserId("zhangsan"), Move.CONFIRM), parts.clock()
        )
        assert not confirmed.refused
    assert open_it(parts, "chenjing", "d2").before == []


def test_after_another_intent_the_card_that_took_the_place_stands_beside_the_first(parts: Parts) -> None:
    first = save(parts)
    tap(parts, Move.CORRECT, intent=Intent("complaint"))
    save_next = replace(first, id=DecisionId("d2"), intent=Intent("complaint"), follows=first.id)
    with parts.store.begin() as session:
        decisions.insert(session, save_next)
    seen = open_it(parts, "chenjing")
    assert [one.card.title for one in seen.before] == ["询价报价"]
    assert seen.after is not None
    assert (seen.after.decision, seen.after.card.title) == ("d2", "投诉不满")


def test_a_forgotten_card_is_forgotten_in_every_version(parts: Parts) -> None:
    shown = save(parts, draft=replace(a_decision().draft, text="赵敏您好,报价随后发您。"))
    tap(parts, Move.CORRECT, draft=replace(shown.draft, text="您好,报价随后发您。"))
    with parts.store.begin() as session:
        gone = retention.forget(session, ["赵敏"], None, "admin", parts.clock())
    assert gone.decisions == 1
    seen = open_it(parts, "chenjing")
    assert (seen.before, seen.decision.draft.text) == ([], "")


def test_a_corrected_intent_is_a_change_too(parts: Parts) -> None:
    save(parts)
    tap(parts, Move.CORRECT, intent=Intent("complaint"))
    seen = open_it(parts, "chenjing")
    (change,) = seen.changes
    assert (change.name, change.was, change.is_now) == ("intent", "quote_request", "complaint")
    assert (seen.note, "改了意图" in seen.card.status) == ("", True)


def test_why_somebody_declined_is_shown_as_they_wrote_it(parts: Parts) -> None:
    save(parts)
    tap(parts, Move.DECLINE, note="价格不对😀")
    assert open_it(parts, "chenjing").note == "价格不对😀"


def test_a_comment_is_a_line_of_the_journal_and_only_for_those_who_may_see_it(parts: Parts) -> None:
    save(parts)
    with parts.store.begin() as session:
        opened.comment(session, parts, person(parts, "chenjing"), "d1", " 先问清数量 ")
    with parts.store.begin() as session, pytest.raises(NotFound):
        opened.comment(session, parts, person(parts, "lisi"), "d1", "我也说一句")
    with parts.store.begin() as session, pytest.raises(InvalidInput):
        opened.comment(session, parts, person(parts, "chenjing"), "d1", "  ")
    (line,) = open_it(parts, "zhangsan").comments
    assert (line.who, line.body) == ("陈静", {"words": "先问清数量"})


def hand_over(parts: Parts, by: str, to: str) -> Decision:
    with parts.store.begin() as session:
        return opened.hand_over(session, parts.desk, parts.library, person(parts, by), "d1", to)


def reach(parts: Parts) -> None:
    """The simulator is a channel of these parts' outbox."""
    object.__setattr__(parts.desk.outbox, "channels", frozenset({"sim"}))


def test_a_decision_that_is_handed_over_closes_and_a_colleagues_own_takes_its_place(parts: Parts) -> None:
    save(parts)
    reach(parts)
    handed = hand_over(parts, "chenjing", "lisi")
    before = open_it(parts, "chenjing")
    assert (before.decision.state, before.decision.note) == (State.SUPERSEDED, "handed_over")
    assert before.card.status == "↪️ 主管已转交给其他同事"
    after = open_it(parts, "lisi", handed.id)
    assert (after.decision.state, after.decision.follows, after.may_decide) == (State.PROPOSED, "d1", True)
    with parts.store.look() as session:
        cards = select(col(OutboxRow.recipient)).where(col(OutboxRow.decision) == handed.id)
        assert list(session.execute(cards).scalars()) == ["lisi"]


@pytest.mark.parametrize(("by", "to"), [("zhangsan", "lisi"), ("chenjing", "sunli"), ("admin", "lisi")])
def test_only_a_manager_hands_over_and_only_within_the_team(parts: Parts, by: str, to: str) -> None:
    save(parts)
    reach(parts)
    with pytest.raises(NotAllowed):
        hand_over(parts, by, to)


def test_what_was_decided_meanwhile_is_not_handed_over(parts: Parts) -> None:
    save(parts)
    reach(parts)
    tap(parts, Move.DECLINE)
    with pytest.raises(InvalidInput):
        hand_over(parts, "chenjing", "lisi")


def test_what_the_other_may_not_read_is_not_handed_over(parts: Parts) -> None:
    known = document_called(parts.library, "离心机")
    passage = parts.library.passages_of(known.id)[0]
    reason = Reason(ReasonKind.PASSAGE, passage.text, str(passage.citation), passage.id)
    save(parts, rationale=Rationale((reason,)))
    reach(parts)
    with seen_by(parts.library, known, MANAGERS), pytest.raises(InvalidInput, match="李四不能看"):
        hand_over(parts, "chenjing", "lisi")
    with seen_by(parts.library, known, "team:chenjing"):
        assert hand_over(parts, "chenjing", "lisi").rep == "lisi"


async def test_a_replay_proposes_anew_and_saves_nothing(parts: Parts) -> None:
    customer = next(one for one in await parts.crm.directory() if "仁和" in one.name)
    decision = save(parts, words="X200要两台,报个价看看", customer=customer.id)
    again = await opened.replay(parts, decision, person(parts, "zhangsan"))
    assert (again.decision.intent, again.same_intent, again.same_draft) == ("quote_request", True, False)
    with parts.store.look() as session:
        assert session.execute(select(func.count()).select_from(DecisionRow)).scalar() == 1


async def test_a_replay_without_its_customer_says_why_it_cannot_be(parts: Parts) -> None:
    decision = save(parts, customer="gone")
    with pytest.raises(UnknownAccount) as refused:
        await opened.replay(parts, decision, person(parts, "zhangsan"))
    assert "没有编号 gone 的客户" in in_chinese(refused.value)


def test_an_overdue_card_can_no_longer_be_decided(parts: Parts) -> None:
    decision = save(parts)
    seen = open_it(parts, "chenjing")
    assert opened.can_decide(seen, parts.clock())
    assert not opened.can_decide(seen, decision.expires_at)
