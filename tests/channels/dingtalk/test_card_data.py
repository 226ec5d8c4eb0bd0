"""Every card becomes strings within the platform's limits, and what binds a tap to it survives."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.card import Button, Card, CardAction, CardReason, Choice, Tone
from bot.channels.dingtalk.card_data import card_data
from tests.fakes.dingtalk_payloads import UNHURRIED

WORDS = st.text(max_size=400)
SHORT = st.text(max_size=60)
URLS = st.just("") | st.text(max_size=1200).map(lambda tail: f"https://yiju.example/{tail}")
CARDS = st.builds(
    Card,
    decision=st.text("0123456789abcdef", min_size=20, max_size=20),
    version=st.integers(0, 10**6),
    content_hash=st.text("0123456789abcdef", min_size=16, max_size=16),
    title=WORDS,
    subtitle=WORDS,
    reasons=st.lists(st.builds(CardReason, SHORT, WORDS, SHORT, URLS), max_size=12).map(tuple),
    unknowns=st.lists(WORDS, max_size=6).map(tuple),
    warnings=st.lists(WORDS, max_size=6).map(tuple),
    draft=st.text(max_size=3000),
    actions=st.lists(
        st.builds(CardAction, SHORT, st.lists(st.tuples(SHORT, WORDS), max_size=8).map(tuple)), max_size=4
    ).map(tuple),
    choices_title=SHORT,
    choices=st.lists(st.builds(Choice, SHORT, SHORT), max_size=12).map(tuple),
    chosen=SHORT,
    buttons=st.lists(
        st.builds(
            Button,
            st.sampled_from(["confirm", "correct", "decline", "pick:billing"]) | SHORT,
            SHORT,
            st.sampled_from(Tone),
            URLS,
        ),
        max_size=7,
    ).map(tuple),
    url=URLS,
    status=WORDS,
    receipts=st.lists(WORDS, max_size=6).map(tuple),
    tone=st.sampled_from(Tone),
    confidence=SHORT,
)


@UNHURRIED
@given(CARDS)
def test_any_card_gives_strings_within_the_limits(card: Card) -> None:
    data = card_data(card)
    assert all(isinstance(value, str) for value in data.values())
    assert all(len(name.encode()) <= 100 for name in data)
    assert {name: len(value.encode()) for name, value in data.items() if len(value.encode()) > 1024} == {}


@UNHURRIED
@given(CARDS, CARDS)
def test_every_card_fills_every_variable_so_an_update_leaves_nothing_standing(one: Card, other: Card) -> None:
    assert card_data(one).keys() == card_data(other).keys()


@UNHURRIED
@given(CARDS)
def test_what_is_carried_and_the_form_are_never_cut(card: Card) -> None:
    data = card_data(card)
    assert (data["decision"], data["version"], data["content_hash"]) == (
        card.decision,
        str(card.version),
        card.content_hash,
    )
    fields = {field["name"]: field for field in json.loads(data["form"])["fields"]}
    if data["show_form"] == "true":
        assert fields["version"] == {
            "name": "version",
            "type": "TEXT",
            "hidden": True,
            "defaultValue": str(card.version),
        }
        assert fields["content_hash"]["defaultValue"] == card.content_hash
        assert {option["value"] for option in fields["intent"]["options"]} <= {
            choice.id for choice in card.choices
        }
    else:
        assert fields == {}


@UNHURRIED
@given(CARDS)
def test_flags_show_exactly_what_there_is(card: Card) -> None:
    data = card_data(card)
    for name in ("draft", "reasons", "unknowns", "warnings", "actions", "receipts"):
        filled = any(data[variable] for variable in data if re.fullmatch(rf"{name}(_\d)?", variable))
        assert data[f"show_{name}"] == str(filled).lower()
    for number in range(1, 5):
        assert data[f"show_b{number}"] == str(bool(data[f"b{number}_key"])).lower()


def test_a_proposal_shows_reasons_draft_actions_and_its_buttons(card: Card) -> None:
    data = card_data(card)
    assert data["title"] == "报价请求"
    assert data["reasons_1"].split("\n") == [
        "- 客户问了数量和价格 (客户的话)",
        "- 200 台起 9 折 ([价格表 第3页 · 2026-08-01](https://yiju.example/d/token/p7))",
    ]
    assert data["draft_1"] == "您好,200 台的单价为 900 元。\n含税,含运费。"
    assert data["actions_1"].split("\n") == ["- **新建商机**", "  - 产品:A-100", "  - 数量:200"]
    assert data["unknowns"] == "- 交货地址"
    assert [data[f"b{number}_key"] for number in range(1, 5)] == ["confirm", "decline", "", ""]
    assert (data["b1_color"], data["b2_color"]) == ("blue", "red")
    assert (data["url"], data["show_url"], data["show_link"]) == (
        "https://yiju.example/d/token",
        "true",
        "false",
    )


def test_the_correction_is_the_forms_own_submit_with_the_present_intent_chosen(card: Card) -> None:
    data = card_data(card)
    assert (data["show_form"], data["form_button"], data["form_status"]) == ("true", "修正", "normal")
    dropdown = json.loads(data["form"])["fields"][0]
    assert dropdown == {
        "name": "intent",
        "label": "改为",
        "type": "SELECT",
        "options": [{"value": "quote_request", "text": "报价请求"}, {"value": "complaint", "text": "投诉"}],
        "defaultValue": {"index": 0, "value": "quote_request"},
    }


def test_without_choices_the_correction_is_a_button_like_the_others(card: Card) -> None:
    data = card_data(replace(card, choices=()))
    assert data["show_form"] == "false"
    assert [data[f"b{number}_key"] for number in range(1, 4)] == ["confirm", "correct", "decline"]


def test_a_dropdown_too_long_for_a_variable_keeps_the_chosen_intent(card: Card) -> None:
    choices = tuple(Choice(f"intent_{number}", "意图" * 20) for number in range(10))
    data = card_data(replace(card, choices=choices, chosen="intent_9"))
    dropdown = json.loads(data["form"])["fields"][0]
    kept = [option["value"] for option in dropdown["options"]]
    assert kept[0] == "intent_0"
    assert kept[-1] == "intent_9"
    assert 1 < len(kept) < 10
    assert dropdown["defaultValue"]["index"] == len(kept) - 1


def test_a_button_that_opens_a_page_is_the_link_button(card: Card) -> None:
    buttons = (Button("open", "补全", Tone.GOOD, "https://yiju.example/d/token"), Button("decline", "驳回"))
    data = card_data(replace(card, buttons=buttons))
    assert (data["link_text"], data["link_url"], data["show_link"]) == (
        "补全",
        "https://yiju.example/d/token",
        "true",
    )
    assert data["b1_key"] == "decline"


def test_a_decided_card_has_nothing_left_to_tap(card: Card) -> None:
    data = card_data(
        replace(
            card, buttons=(), choices=(), status="张三 已确认 10:00", receipts=("已新建商机",), tone=Tone.GOOD
        )
    )
    assert (data["show_form"], data["form_status"]) == ("false", "disabled")
    assert {data[f"show_b{number}"] for number in range(1, 5)} == {"false"}
    assert (data["status"], data["receipts"], data["tone"]) == ("张三 已确认 10:00", "- 已新建商机", "good")


def test_a_draft_that_does_not_fit_says_where_the_rest_is(card: Card) -> None:
    data = card_data(replace(card, draft="这一条承诺需要核对。" * 300))
    assert data["draft_3"].endswith("…(全文见依据页)")
    assert "全文见依据页" not in data["draft_1"] + data["draft_2"]


def test_words_of_a_customer_cannot_put_a_link_into_the_card(card: Card) -> None:
    hostile = "[点此确认](https://evil.example) ![](https://evil.example/x.png) <a atId=lisi>x</a>"
    reasons = (CardReason("words", hostile, hostile),)
    data = card_data(replace(card, subtitle=hostile, draft=hostile, reasons=reasons, unknowns=(hostile,)))
    shown = "\n".join(data[name] for name in ("subtitle", "draft_1", "reasons_1", "unknowns"))
    assert "](" not in shown
    assert "![" not in shown
    assert "<" not in shown


def test_the_template_guide_names_every_variable(card: Card) -> None:
    guide = Path("docs/dingtalk-card.md").read_text(encoding="utf-8")
    assert [name for name in card_data(card) if f"`{name}`" not in guide] == []
