"""Cards: whatever a card holds, WeCom takes it, says what matters, and admits what it could not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card import Button, Card, CardAction, CardReason, Choice
from bot.channels.wecom import cards, labels
from bot.channels.wecom.fit import Fit, pieces, size, usable, whole
from bot.channels.wecom.keys import read_button_key, repeat_window, task_id
from tests.channels.wecom.drawn import DECIDED, PAGE, PROPOSED, any_card
from tests.fakes.wecom_rules import first_card_error

LONG = "价格" * 200


def rows(card: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["keyname"], row["value"]) for row in card.get("horizontal_content_list", [])]


@given(any_card)
def test_any_card_with_buttons_is_taken_by_wecom(card: Card) -> None:
    card = replace(card, buttons=card.buttons or PROPOSED.buttons)
    assert first_card_error(cards.interactive(card, task_id(card.decision, "seed"))) == 0
    assert first_card_error(cards.update(card), updating=True) == 0


@given(any_card)
def test_any_decided_card_is_taken_as_an_update_and_as_a_notice(card: Card) -> None:
    card = replace(card, buttons=())
    assert first_card_error(cards.update(card), updating=True) == 0
    notice = cards.notice(card)
    assert (notice is None) == (usable(card.url) == "")
    assert notice is None or first_card_error(notice) == 0


@given(any_card)
def test_a_card_says_so_exactly_when_something_is_not_on_it(card: Card) -> None:
    drawn = cards.update(card)
    assert cards.says_all(card) == (labels.MORE not in dict(rows(drawn)))


@given(any_card)
def test_every_button_of_any_card_brings_its_decision_back(card: Card) -> None:
    card = replace(card, decision="d1", buttons=card.buttons or PROPOSED.buttons)
    drawn = cards.interactive(card, "d1@1")["button_list"]
    for key in (button["key"] for button in drawn if button["type"] == 0):
        tapped = read_button_key(key, "d1@1")
        assert tapped[1:] == ("d1", card.version, card.content_hash)
        assert tapped.button in {button.key for button in card.buttons}


def test_an_ordinary_card_shows_words_reasons_draft_and_action() -> None:
    drawn = cards.interactive(PROPOSED, "t@1")
    assert drawn["main_title"]["title"] == "要报价（86%）"
    assert drawn["quote_area"]["quote_text"].splitlines() == [
        "华东仁和 客户说：X200 二十台什么价",
        "1. 问了二十台 X200 的价格（客户原话）",
        "2. X200 单价 12,800 元，二十台起九五折（价目表 2026 第 3 页）",
    ]
    assert drawn["sub_title_text"] == f"拟回复：{PROPOSED.draft}"
    assert rows(drawn) == [
        ("动作", "建报价单"),
        ("产品", "X200"),
        ("数量", "20"),
        ("出处", "价目表 2026 第 3 页"),
    ]
    assert drawn["card_action"] == {"type": 1, "url": PAGE}
    assert [(one["text"], one["style"]) for one in drawn["button_list"]] == [
        ("确认", 1),
        ("修正", 2),
        ("驳回", 3),
    ]


def test_the_dropdown_holds_the_choices_and_what_was_read() -> None:
    selection = cards.interactive(replace(PROPOSED, chosen="product_inquiry"), "t@1")["button_selection"]
    assert selection["question_key"] == "intent"
    assert [option["id"] for option in selection["option_list"]] == ["quote_request", "product_inquiry"]
    assert selection["selected_id"] == "product_inquiry"


def test_a_choice_whose_id_would_have_to_be_cut_is_left_out() -> None:
    card = replace(PROPOSED, choices=(Choice("x" * 129, "太长"), *PROPOSED.choices))
    options = cards.interactive(card, "t@1")["button_selection"]["option_list"]
    assert [option["id"] for option in options] == ["quote_request", "product_inquiry"]


def test_a_long_draft_is_cut_and_the_card_leads_to_the_whole() -> None:
    drawn = cards.interactive(replace(PROPOSED, draft=LONG), "t@1")
    assert len(drawn["sub_title_text"]) == 160
    assert drawn["sub_title_text"].endswith("…")
    assert drawn["horizontal_content_list"][-1] == {
        "type": 1,
        "keyname": "更多",
        "value": "未全部显示，点此看全文",
        "url": PAGE,
    }


def test_a_fifth_reason_is_announced_rather_than_dropped() -> None:
    reasons = tuple(CardReason("crm", f"理由{number}", "CRM") for number in range(5))
    assert rows(cards.interactive(replace(PROPOSED, reasons=reasons), "t@1"))[-1] == ("更多", labels.OPEN_ALL)


def test_actions_with_many_fields_are_squeezed_into_a_row_each() -> None:
    fields = (("产品", "X200"), ("数量", "20"), ("折扣", "5%"))
    card = replace(
        PROPOSED, actions=(CardAction("建报价单", fields), CardAction("设提醒", (("时间", "周五"),)))
    )
    assert rows(cards.interactive(card, "t@1"))[:2] == [
        ("动作", "建报价单：产品 X200；数量 20；折扣 5%"),
        ("动作", "设提醒：时间 周五"),
    ]


def test_warnings_stand_under_the_title() -> None:
    drawn = cards.interactive(replace(PROPOSED, warnings=("折扣超出权限",)), "t@1")
    assert drawn["main_title"]["desc"] == "注意：折扣超出权限"


def test_a_decided_card_shows_a_label_instead_of_its_buttons() -> None:
    drawn = cards.update(DECIDED)
    assert drawn["replace_text"] == DECIDED.status
    assert drawn["main_title"]["desc"] == DECIDED.status
    assert "button_selection" not in drawn


def test_a_decided_card_with_a_button_left_keeps_it() -> None:
    drawn = cards.update(replace(DECIDED, buttons=(Button("undo", "撤销"),)))
    assert [button["text"] for button in drawn["button_list"]] == ["撤销"]
    assert "replace_text" not in drawn


def test_a_button_with_a_page_opens_it() -> None:
    drawn = cards.interactive(replace(PROPOSED, buttons=(Button("open", "补全", url=PAGE),)), "t@1")
    assert drawn["button_list"] == [{"type": 1, "text": "补全", "style": 2, "url": PAGE}]


def test_everything_names_each_part_of_a_card() -> None:
    card = replace(PROPOSED, warnings=("留意",), unknowns=("交期",), receipts=("已建 Q-1",))
    words = cards.everything(card)
    for part in (
        "要报价",
        "客户原话",
        "价目表 2026 第 3 页",
        "留意",
        "交期",
        "已建 Q-1",
        "建报价单",
        "X200",
        card.draft,
    ):
        assert part in words


@given(st.text(min_size=1, max_size=300), st.text(max_size=50))
def test_any_task_id_is_in_wecoms_alphabet_and_the_same_for_the_same_seed(decision: str, seed: str) -> None:
    task = task_id(decision, seed)
    assert first_card_error(cards.interactive(PROPOSED, task)) == 0
    assert task == task_id(decision, seed)
    assert task != task_id(decision, seed + "!")


@given(st.text(max_size=50))
def test_the_window_for_repetitions_is_one_wecom_accepts(seed: str) -> None:
    assert 3600 <= repeat_window(seed) <= 14400


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.integers(1, 60))
def test_a_cut_text_keeps_its_beginning_and_its_limit(text: str, limit: int) -> None:
    fit = Fit()
    cut = fit.text(text, limit)
    assert len(cut) <= limit
    assert fit.lost == (cut != text)
    assert text.startswith(cut.removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("ab👨‍👩‍👧c", 4, 2),  # a family is one sign of five code points
        ("a👍🏽b", 2, 1),  # thumb and its colour
        ("🇨🇳🇯🇵", 3, 2),  # two flags of two letters each
        ("e\u0301x", 1, 0),  # letter and accent
        ("一二三", 2, 2),
        ("一二三", 9, 3),
    ],
)
def test_signs_made_of_several_code_points_stay_whole(text: str, at: int, expected: int) -> None:
    assert whole(text, at) == expected


@given(st.text(st.characters(codec="utf-8"), max_size=500), st.integers(8, 200))
def test_pieces_hold_all_words_within_their_bytes(text: str, limit: int) -> None:
    parts = pieces(text, limit)
    assert all(size(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_pieces_break_between_lines_where_they_can() -> None:
    assert pieces("第一行\n第二行\n第三行", 20) == ["第一行\n第二行", "第三行"]


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "/d/abc", "https://", "https://h.example/" + "x" * 2048]
)
def test_an_address_that_wecom_would_refuse_is_not_used(url: str) -> None:
    assert usable(url) == ""
