"""A decision as a card: titles, buttons and status for every state, and the same bytes for the same state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import actions, decisions
from bot.card import Card, Tone
from bot.cards import LINK_LASTS, MOST_CHOICES, CardMaker, when
from bot.conversation import UserId
from bot.decision import Decision, Draft, Proposal, Rationale, Reason, ReasonKind, State
from bot.people import Person
from bot.security import Links
from bot.store import Store
from bot.tables import ActionRow
from intents import Abstention, Intent, Ranked, Reading, Speaker, load_taxonomy
from prompts import phrase
from tests.fakes.clock import START
from tests.fakes.decisions import QUOTE, TASK, a_decision

LINKS = Links("secret", "https://yiju.test")
MAKER = CardMaker(load_taxonomy, LINKS, lambda page, passage: f"{page}/source/{passage}")
BY = {"decided_by": UserId("zhangsan"), "decided_at": START}
ASKING = Reading(
    (Ranked(QUOTE, 0.44), Ranked(Intent("technical_inquiry"), 0.41)), abstained=Abstention.TWO_CLOSE
)


def drawn(decision: Decision, team: dict[str, Person], rows: list[ActionRow] | None = None) -> Card:
    return MAKER.draw(decision, team["zhangsan"] if decision.decided_by else None, rows or [])


def row(state: str = "done", undoable: bool = True, error: str = "", attempts: int = 1) -> ActionRow:
    receipt = {"shown": "已创建任务 T-1", "undoable": undoable} if state == "done" else None
    return ActionRow(
        key="d1-1",
        lane="d1",
        state=state,
        attempts=attempts,
        next_at=START,
        created_at=START,
        decision="d1",
        confirmation="c1",
        kind="task.create",
        params={},
        receipt=receipt,
        error=error,
    )


def keys(card: Card) -> list[str]:
    return [button.key for button in card.buttons]


def test_a_proposal_shows_what_it_is_of_whom_and_how_sure(team: dict[str, Person]) -> None:
    card = drawn(a_decision(), team)
    assert card.title == load_taxonomy().label(QUOTE)
    assert card.subtitle == "华东仁和 客户说「X200 要 50 台,给个报价」"
    assert card.confidence == phrase("confidence", percent=91)
    assert keys(card) == ["confirm", "correct", "decline"]
    assert (card.tone, card.status, card.chosen) == (Tone.PROPOSAL, "", QUOTE)


def test_the_words_of_a_rep_are_called_so(team: dict[str, Person]) -> None:
    card = drawn(a_decision(speaker=Speaker.REP, words="记一下\n下周来"), team)
    assert card.subtitle == "华东仁和 您说「记一下 下周来」"


def test_every_proposed_action_shows_its_fields_in_chinese(team: dict[str, Person]) -> None:
    labels = [one.label for one in drawn(a_decision(), team).actions]
    assert labels == [actions.by_name(one.kind).label for one in a_decision().draft.actions]
    assert all(one.fields for one in drawn(a_decision(), team).actions)


def test_what_lacks_a_parameter_is_completed_on_the_page_and_not_by_one_tap(team: dict[str, Person]) -> None:
    lacking = Draft("好的", (Proposal("task.create", {"title": "回复"}, ("截止日期",)),))
    card = drawn(a_decision(draft=lacking), team)
    assert "confirm" not in keys(card)
    assert card.buttons[0].url == card.url


def test_words_out_of_scope_are_said_to_be_so_and_offer_only_that_nothing_is_wanted(
    team: dict[str, Person],
) -> None:
    strange = replace(ASKING, abstained=Abstention.OUT_OF_SCOPE)
    card = drawn(a_decision(intent=None, reading=strange, draft=Draft("")), team)
    assert card.title == phrase("card_out_of_scope")
    assert keys(card) == ["pick:smalltalk", "correct", "decline"]


def test_a_reading_that_abstained_asks_between_the_two_and_offers_no_confirmation(
    team: dict[str, Person],
) -> None:
    card = drawn(a_decision(intent=None, reading=ASKING, draft=Draft("")), team)
    assert keys(card) == ["pick:quote_request", "pick:technical_inquiry", "correct", "decline"]
    assert card.title == load_taxonomy().question("quote_request", "technical_inquiry")
    assert card.confidence == ""


def test_how_sure_the_reading_was_is_no_word_about_a_correction_or_an_event(team: dict[str, Person]) -> None:
    assert drawn(a_decision(intent=Intent("purchase")), team).confidence == ""
    fault = Reason(ReasonKind.EVENT, "设备报警", "IoT", "e1")
    assert drawn(a_decision(rationale=Rationale((fault,), (), ())), team).confidence == ""


@pytest.mark.parametrize(
    ("state", "values", "status", "buttons", "tone"),
    [
        (State.CONFIRMED, BY, "status_confirmed", [], Tone.QUIET),
        (State.CORRECTED, BY, "status_corrected", [], Tone.QUIET),
        (State.CARRIED_OUT, BY, "status_carried_out", [], Tone.GOOD),
        (State.UNDONE, BY, "status_undone", [], Tone.QUIET),
        (State.EXPIRED, {}, "status_expired", [], Tone.QUIET),
        (State.FAILED, BY | {"note": "CRM 拒绝"}, "status_failed", ["retry", "decline"], Tone.WARNING),
        (State.DECLINED, BY | {"note": "不合适"}, "status_declined", [], Tone.QUIET),
        (State.SUPERSEDED, {"note": "newer_words"}, "status_superseded_newer_words", [], Tone.QUIET),
        (State.SUPERSEDED, {"note": "customer_named"}, "status_superseded_customer_named", [], Tone.QUIET),
        (State.SUPERSEDED, BY, "status_superseded_intent_corrected", [], Tone.QUIET),
    ],
)
def test_every_state_says_who_did_what_when_and_offers_only_what_may_follow(
    team: dict[str, Person], state: State, values: dict[str, Any], status: str, buttons: list[str], tone: Tone
) -> None:
    card = drawn(a_decision(state=state, **values), team)
    told = {"who": "张三", "at": "2026-11-26 15:04"} if "decided_by" in values else {}
    if "why" in status or status in {"status_failed", "status_declined"}:
        told["why"] = values["note"]
    assert card.status == phrase(status, **told)
    assert (keys(card), card.tone) == (buttons, tone)
    assert card.choices == ()


def test_every_state_can_be_drawn(team: dict[str, Person]) -> None:
    for state in State:
        assert drawn(a_decision(state=state, note="newer_words", **BY), team).title


def test_a_write_that_waits_for_the_other_system_says_so(team: dict[str, Person]) -> None:
    card = drawn(a_decision(state=State.CONFIRMED, **BY), team, [row("waiting", error="timeout")])
    assert card.status == phrase("status_waiting", who="张三", at="2026-11-26 15:04")


def test_receipts_are_shown_and_all_undoable_ones_can_be_undone(team: dict[str, Person]) -> None:
    done = a_decision(state=State.CARRIED_OUT, **BY)
    card = drawn(done, team, [row(), row()])
    assert (card.receipts, keys(card)) == (("已创建任务 T-1", "已创建任务 T-1"), ["undo"])
    assert keys(drawn(done, team, [row(), row(undoable=False)])) == []


def test_a_passage_opens_in_its_document_and_other_reasons_open_nothing(team: dict[str, Person]) -> None:
    passage = Reason(ReasonKind.PASSAGE, "净重 28 kg", "《手册》", "p-1")
    field = Reason(ReasonKind.CRM, "客户等级:VIP", "内置CRM", "A-1.tier", START)
    card = drawn(a_decision(rationale=Rationale((passage, field))), team)
    assert [one.url for one in card.reasons] == [f"{card.url}/source/p-1", ""]
    assert card.reasons[1].source == "内置CRM · 2026-11-26 15:04"


def test_the_likeliest_intents_come_first_and_the_chosen_one_is_always_among_them() -> None:
    names = [one.id for one in MAKER.choices(a_decision(reading=ASKING))]
    assert names[:2] == ["quote_request", "technical_inquiry"]
    assert len(names) == len(set(names)) <= MOST_CHOICES
    last = a_decision(reading=ASKING, intent=Intent("draft_reply"))
    assert "draft_reply" in [one.id for one in MAKER.choices(last)]


def test_the_same_decision_is_drawn_the_same_however_often(team: dict[str, Person]) -> None:
    assert drawn(a_decision(), team) == drawn(a_decision(), team)


def test_a_card_is_bound_to_what_it_shows(team: dict[str, Person]) -> None:
    other = a_decision(draft=Draft("别的话", (TASK,)))
    assert drawn(other, team).content_hash != drawn(a_decision(), team).content_hash


def test_the_link_names_decision_and_rep_and_runs_out(team: dict[str, Person]) -> None:
    token = drawn(a_decision(), team).url.removeprefix("https://yiju.test/d/")
    link = LINKS.read(token, START)
    assert (link.decision, link.user, link.until) == ("d1", "zhangsan", START + LINK_LASTS)
    assert MAKER.path(a_decision()) == f"/d/{token}"


def test_times_are_those_of_shanghai() -> None:
    assert when(START + timedelta(hours=12)) == "2026-11-27 03:04"


def test_a_card_says_who_took_back_what_another_had_confirmed(store: Store) -> None:
    with store.begin() as session:
        decisions.insert(session, a_decision())
        moved = a_decision().confirm(UserId("zhangsan"), START)
        decisions.save(session, moved)
        decisions.save(session, moved := moved.carry_out())
        decisions.save(session, moved.undo(UserId("lisi"), START + timedelta(hours=1)))
    with store.look() as session:
        decision, card = MAKER.load(session, "d1")
    assert (decision.decided_by, decision.undone_by) == ("zhangsan", "lisi")
    assert card.status == phrase("status_undone", who="李四", at="2026-11-26 16:04")


def test_a_card_is_drawn_from_what_the_store_holds_now(store: Store) -> None:
    with store.begin() as session:
        decisions.insert(session, a_decision())
        decisions.save(session, a_decision().decline(UserId("lisi"), START, "不合适"))
    with store.look() as session:
        decision, card = MAKER.load(session, "d1")
    assert decision == replace(
        a_decision(),
        state=State.DECLINED,
        version=1,
        decided_by=UserId("lisi"),
        decided_at=START,
        note="不合适",
    )
    assert card.status == phrase("status_declined", who="李四", at="2026-11-26 15:04", why="不合适")
