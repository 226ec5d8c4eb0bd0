"""Parameters on the card, in the form of the decision page, and back again."""

from __future__ import annotations

from typing import Any

import pytest

import bot.actions
from bot.actions import FormField, by_name, names
from bot.errors import InvalidInput
from intents import load_taxonomy
from tests.actions.test_carry_out import PARAMS

KINDS = {"text", "number", "money", "date", "datetime", "choice", "textarea"}


def filled(form: tuple[FormField, ...], **changes: str) -> dict[str, str]:
    """As a browser sends it: lines of a text end with CRLF."""
    return {field.name: field.value.replace("\n", "\r\n") for field in form} | changes


def parsed(kind: str, **changes: str) -> dict[str, Any]:
    action = by_name(kind)
    return action.parse(filled(action.form(PARAMS[kind]), **changes), PARAMS[kind])


@pytest.mark.parametrize("kind", names())
def test_a_form_sent_back_untouched_changes_nothing(kind: str) -> None:
    action = by_name(kind)
    stored = action.Params.model_validate(PARAMS[kind]).plain()
    assert action.parse(filled(action.form(stored)), stored) == stored


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("opportunity.create", "note"),
        ("ticket.create", "description"),
        ("note.log", "text"),
        ("escalate", "reason"),
    ],
)
def test_words_of_several_lines_sent_back_untouched_change_nothing(kind: str, field: str) -> None:
    action, stored = by_name(kind), PARAMS[kind] | {field: "X200的噪声多大呢\nX200要两台呢,报个价"}
    assert action.parse(filled(action.form(stored)), stored)[field] == stored[field]


@pytest.mark.parametrize("kind", names())
def test_every_input_has_a_chinese_label_and_a_known_kind(kind: str) -> None:
    for field in by_name(kind).form(PARAMS[kind]):
        assert field.kind in KINDS
        assert any("一" <= character <= "鿿" for character in field.label)
        assert (
            field.kind != "choice"
            or not field.value
            or field.value in dict(field.choices)
            or kind.startswith("opp")
        )


@pytest.mark.parametrize("kind", names())
def test_an_empty_form_says_what_is_required(kind: str) -> None:
    required = [field.label for field in by_name(kind).form({}) if field.required]
    assert required
    with pytest.raises(InvalidInput) as refusal:
        by_name(kind).parse({})
    if kind != "quote.draft":
        for label in required:
            assert f"{label}:请" in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "opportunity.create",
            (("商机名称", "P60 10台"), ("产品", "P60"), ("数量", "10"), ("预计金额", "¥91,200")),
        ),
        ("task.create", (("任务内容", "回电"), ("截止", "12月1日"))),
        (
            "meeting.schedule",
            (
                ("会议主题", "产品演示"),
                ("开始时间", "12月3日 15:00"),
                ("时长(分钟)", "90"),
                ("参加人", "王建国"),
            ),
        ),
        ("quote.draft", (("X200", "50 × ¥18,800,优惠 12%"), ("合计", "¥827,200"))),
        ("field.set", (("客户等级", "VIP"),)),
    ],
)
def test_a_card_shows_filled_fields_as_people_read_them(
    kind: str, shown: tuple[tuple[str, str], ...]
) -> None:
    assert by_name(kind).describe(PARAMS[kind]) == shown


def test_a_card_shows_where_a_field_comes_from() -> None:
    assert by_name("field.set").describe({"field": "tier", "value": "A", "before": "B"}) == (
        ("客户等级", "B → A"),
    )


def test_a_date_far_away_is_shown_with_its_year() -> None:
    shown = by_name("opportunity.create").describe({"title": "x", "close_date": "2027-09-30"})
    assert ("预计成交", "2027年9月30日") in shown


def test_a_story_is_cut_on_the_card_and_whole_in_the_form() -> None:
    text = "很长的话" * 200
    [(_, shown)] = by_name("note.log").describe({"text": text})
    assert len(shown) == 120
    assert by_name("note.log").form({"text": text})[0].value == text


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("80万", "800000"),
        ("¥91,200.50", "91200.50"),
        ("９１２００元", "91200"),
        ("三千五", "3500"),
        ("", None),
    ],
)
def test_amounts_are_read_as_people_type_them(typed: str, amount: str | None) -> None:
    assert parsed("opportunity.create", amount=typed).get("amount") == amount


def test_a_time_typed_without_a_zone_is_meant_here() -> None:
    assert parsed("meeting.schedule", start="2026-12-04T09:30")["start"] == "2026-12-04T09:30:00+08:00"


def test_people_are_separated_as_anybody_would() -> None:
    assert parsed("meeting.schedule", attendees="王建国,周敏、 李伟")["attendees"] == [
        "王建国",
        "周敏",
        "李伟",
    ]


@pytest.mark.parametrize(
    ("kind", "changes", "why"),
    [
        ("opportunity.create", {"quantity": "-3"}, "数量:要大于 0"),
        ("opportunity.create", {"quantity": "很多"}, "数量:“很多”不是可用的数字"),
        ("opportunity.create", {"amount": "面议"}, "预计金额:“面议”不是可用的数字"),
        ("opportunity.create", {"close_date": "月底"}, "预计成交:“月底”不是日期或时间,例如 2026-12-01 14:00"),
        ("opportunity.create", {"stage": "已付款"}, "阶段:请选 线索、需求确认、方案、报价、谈判、赢单、输单"),
        ("opportunity.create", {"title": "字" * 121}, "商机名称:太长了,最多 120 字"),
        ("meeting.schedule", {"minutes": "5"}, "时长(分钟):不能小于 15"),
        ("meeting.schedule", {"start": "明天"}, "开始时间:“明天”不是日期或时间,例如 2026-12-01 14:00"),
        ("task.create", {"title": " "}, "任务内容:请填写"),
        ("field.set", {"value": "S"}, "没有“S”这个客户等级,可选 VIP、A、B、C"),
        (
            "field.set",
            {"field": "payment_days", "value": "一百"},
            "账期要写成 0 到 720 之间的天数,现在是“一百”",
        ),
        ("quote.draft", {"quantity_1": "0"}, "第 1 行 数量:要大于 0"),
        ("quote.draft", {"quantity_1": ""}, "第 1 行 数量:请填写"),
        ("quote.draft", {"product_1": ""}, "产品明细:至少要有一行产品"),
    ],
)
def test_what_is_wrong_is_said_field_by_field(kind: str, changes: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parsed(kind, **changes)
    assert str(refusal.value) == why


def test_several_wrong_fields_are_said_together() -> None:
    with pytest.raises(InvalidInput, match="商机名称:请填写;数量:要大于 0"):
        parsed("opportunity.create", title="", quantity="0")


def test_what_travels_with_a_proposal_cannot_be_changed_by_a_form() -> None:
    shown = PARAMS["task.create"]
    form = filled(by_name("task.create").form(shown), assignee="somebody", kind="escalate")
    assert by_name("task.create").parse(form, shown)["assignee"] == "zhangsan"
    assert "assignee" not in by_name("task.create").parse(form)


def test_the_package_offers_what_its_list_says() -> None:
    assert all(hasattr(bot.actions, name) for name in bot.actions.__all__)
    assert {"CatalogItem", "Case", "by_name", "can_undo", "load_catalog", "names", "propose"} <= set(
        bot.actions.__all__
    )


def test_every_action_the_taxonomy_names_exists_or_writes_nothing() -> None:
    named = {action for info in load_taxonomy().intents.values() for action in info.actions}
    assert named - set(names()) == {"message.draft"}
