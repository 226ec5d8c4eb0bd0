"""Each operation as it ends in Odoo, through both doors, and what it does when Odoo says no or says nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from crm_bridge import AccountId, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.odoo.names import external_id
from crm_bridge.adapters.remote import RemoteCrm
from tests.crm_bridge.odoo.conftest import number
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.odoo import FakeOdoo, Refused, user_error

X200 = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}
TRAINING = {"product": "X200 输液泵", "quantity": 1, "unit_price": "500.5"}
WRITES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "opportunity.create": (
        {"title": "X200 50台", "product": "X200", "quantity": 50, "amount": "893000.50", "stage": "报价", "close_date": "2026-12-31"},
        "crm.lead",
        {
            "name": "X200 50台", "type": "opportunity", "expected_revenue": 893000.5, "date_deadline": "2026-12-31",
            "description": "产品:X200<br>数量:50",
        },
    ),
    "quote.draft": (
        {"title": "X200 50台", "lines": [X200, TRAINING], "valid_until": "2026-12-31"},
        "sale.order",
        {"client_order_ref": "X200 50台", "state": "draft", "amount_total": 893500.5, "validity_date": "2026-12-31"},
    ),
    "ticket.create": (
        {"title": "E03 停机", "severity": "严重", "alarm": "E03"},
        "helpdesk.ticket",
        {"name": "E03 停机", "priority": "2", "description": "报警代码:E03"},
    ),
    "task.create": (
        {"title": "回电", "due": "2026-12-04", "priority": "紧急"},
        "mail.activity",
        {"summary": "回电", "date_deadline": "2026-12-04", "note": "优先级:紧急", "res_model": "res.partner"},
    ),
    "meeting.schedule": (
        {"title": "演示", "start": "2026-12-01T14:00:00+08:00", "end": "2026-12-01T15:00:00+08:00", "attendees": ["王建国"]},
        "calendar.event",
        {
            "start": datetime(2026, 12, 1, 6, tzinfo=UTC), "stop": datetime(2026, 12, 1, 7, tzinfo=UTC),
            "description": "参加人:王建国", "res_model": "res.partner",
        },
    ),
    "note.log": ({"text": "A<B & 月底前定"}, "mail.message", {"body": "A&lt;B &amp; 月底前定", "message_type": "comment", "model": "res.partner"}),
    "escalate": ({"reason": "要求退货", "manager": "chenjing"}, "mail.activity", {"summary": "【升级】华东仁和:要求退货"}),
    "field.set": ({"field": "remark", "value": "月结"}, "res.partner", {"comment": "月结"}),
}  # fmt: skip


async def written(
    crm: RemoteCrm, known: AccountId, operation: str, key: str = "d-1.k", **params: Any
) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


def is_write(request: httpx.Request) -> bool:
    return request.url.path.endswith(("/load", "/write", "/unlink")) or any(
        f'"{method}"'.encode() in request.content for method in ("load", "write", "unlink")
    )


@pytest.mark.parametrize("operation", WRITES)
async def test_what_a_rep_confirmed_stands_in_odoo(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, operation: str
) -> None:
    params, model, expected = WRITES[operation]
    before = set(odoo.rows[model])
    await written(crm, known, operation, **params)
    partner = int(known.removeprefix("ACC-"))
    (made,) = set(odoo.rows[model]) - before or {partner}
    row = odoo.rows[model][made]
    assert {name: row[name] for name in expected} == expected
    assert partner in {made, row.get("partner_id"), row.get("res_id")}
    logins = {"task.create": "zhangsan", "escalate": "chenjing"}
    if operation in logins:
        assert row["user_id"] == number(odoo, "res.users", "login", logins[operation])


async def test_a_quote_holds_its_lines(crm: RemoteCrm, known: AccountId, odoo: FakeOdoo) -> None:
    await written(crm, known, "quote.draft", title="X200", lines=[X200, TRAINING])
    product = number(odoo, "product.product", "default_code", "X200")
    assert [
        (line["product_id"], line["product_uom_qty"], line["price_unit"], line["discount"])
        for line in odoo.rows["sale.order.line"].values()
    ] == [(product, 50, 18800, 5), (product, 1, 500.5, 0)]
    with pytest.raises(WriteRefused, match="没有 product.product“X900”"):
        await written(crm, known, "quote.draft", "k2", title="X", lines=[X200 | {"product": "X900"}])


@pytest.mark.parametrize("operation", ["opportunity.create", "task.create", "note.log", "ticket.create"])
async def test_where_the_key_is_the_external_id_a_lost_answer_is_asked_for_again_at_once(
    crm: RemoteCrm, known: AccountId, line: Line, odoo: FakeOdoo, operation: str
) -> None:
    params, model, _ = WRITES[operation]
    before = len(odoo.rows[model])
    line.lose_answers(is_write)
    await written(crm, known, operation, **params)
    assert line.lost == 1
    assert len(odoo.rows[model]) == before + 1


async def test_a_quote_whose_answer_was_lost_is_found_by_its_key_and_has_its_lines_once(
    crm: RemoteCrm, known: AccountId, line: Line, odoo: FakeOdoo
) -> None:
    """Loading it again would add the lines again."""
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, "quote.draft", title="X200", lines=[X200])
    receipt = await written(crm, known, "quote.draft", title="X200", lines=[X200])
    assert await crm.receipt(WriteKey("d-1.k")) == receipt
    assert len(odoo.rows["sale.order.line"]) == 1


def test_two_keys_never_share_an_external_id() -> None:
    keys = ["d-1-2", "d_1-2", "d-12", "d.1.2", "d_2d_1", "d-1", "D-1", "d 1", "决策"]
    names = {external_id(WriteKey(key)) for key in keys}
    assert len(names) == len(keys)
    assert all(name.isascii() and name.replace("_", "").isalnum() for name in names)


async def test_a_tier_is_one_of_the_tags_and_the_others_stay(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, clock: Clock
) -> None:
    partner = odoo.rows["res.partner"][int(known.removeprefix("ACC-"))]

    def tags() -> list[str]:
        return sorted(odoo.rows["res.partner.category"][one]["name"] for one in partner["category_id"])

    receipt = await written(crm, known, "field.set", field="tier", value="VIP")
    assert tags() == ["VIP", "展会客户"]
    clock.advance(seconds=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert tags() == ["B", "展会客户"]


async def test_what_held_nothing_holds_nothing_after_an_undo(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, clock: Clock
) -> None:
    partner = odoo.rows["res.partner"][int(known.removeprefix("ACC-"))]
    odoo.edit("res.partner", partner["id"], comment=False, category_id=[])
    for field, value, place, nothing in (
        ("remark", "月结", "comment", False),
        ("tier", "A", "category_id", []),
    ):
        receipt = await written(crm, known, "field.set", f"set-{field}", field=field, value=value)
        assert partner[place] != nothing
        clock.advance(seconds=1)
        await crm.undo(receipt, "zhangsan", WriteKey(f"undo-{field}"))
        assert partner[place] == nothing


async def test_a_lost_deal_is_archived_and_comes_back(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, clock: Clock
) -> None:
    (deal,) = (await crm.account(known)).of("opportunity")
    row = odoo.rows["crm.lead"][int(deal.id.removeprefix("OPP-"))]
    moved = await written(crm, known, "opportunity.move_stage", opportunity=deal.id, to="输单")
    assert (row["active"], row["probability"]) == (False, 0)
    (deal,) = (await crm.account(known)).of("opportunity")
    stage = deal.get("stage")
    assert stage is not None
    assert stage.shown == "输单"
    clock.advance(seconds=1)
    await crm.undo(moved, "zhangsan", WriteKey("undo"))
    assert row["active"] is True
    assert row["stage_id"] == number(odoo, "crm.stage", "name", "Qualified")


async def test_a_stage_that_odoo_does_not_have_is_refused(crm: RemoteCrm, known: AccountId) -> None:
    with pytest.raises(WriteRefused, match="没有 crm.stage“Solution”"):
        await written(crm, known, "opportunity.create", title="X200", stage="方案")


async def test_what_a_colleague_changed_within_the_same_second_is_not_overwritten(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo
) -> None:
    partner = int(known.removeprefix("ACC-"))
    row = await crm.system.record("account", str(partner))
    assert row is not None
    odoo.edit("res.partner", partner, ref="仁和")
    with pytest.raises(WriteRefused, match="被别人改过"):
        await crm.system.change("account", row, {"remark": "月结"})
    assert odoo.rows["res.partner"][partner]["comment"] == "<p>老客户</p>"


async def test_a_rule_of_the_company_reaches_the_rep_without_the_servers_traceback(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo
) -> None:
    odoo.trouble = [Refused("odoo.exceptions.ValidationError", "金额超过 100 万需审批")]
    with pytest.raises(WriteRefused, match="没有接受:金额超过 100 万需审批") as refused:
        await written(crm, known, "opportunity.create", title="X200")
    assert "Traceback" not in str(refused.value)
    assert await crm.receipt(WriteKey("d-1.k")) is None


async def test_what_load_complains_of_reaches_the_rep(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo
) -> None:
    """The call is a success and the record is not there: the answer says it in its messages."""
    odoo.schema["crm.lead"]["date_deadline"] = "selection:2027"
    with pytest.raises(WriteRefused, match="没有接受:Value '2026-12-31' not found"):
        await written(crm, known, "opportunity.create", title="X200", close_date="2026-12-31")
    assert len(odoo.rows["crm.lead"]) == 1


@pytest.mark.parametrize(
    ("trouble", "raised", "words"),
    [
        (
            Refused("odoo.exceptions.AccessError", "You are not allowed to create", 403),
            WriteRefused,
            "检查权限",
        ),
        (Refused("odoo.exceptions.MissingError", "Record does not exist", 404), WriteRefused, "可能已被删除"),
        (user_error("先填客户"), WriteRefused, "先填客户"),
        (Refused("builtins.KeyError", "'x'", 500), WriteRefused, "没有接受:'x'"),
    ],
    ids=["access", "missing", "user", "broken"],
)
async def test_each_refusal_means_the_same_behind_both_doors(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, trouble: Refused, raised: type[Exception], words: str
) -> None:
    odoo.trouble = [trouble] * 9
    with pytest.raises(raised, match=words):
        await written(crm, known, "task.create", title="回电")
    odoo.trouble = []


async def test_a_transaction_that_lost_the_race_is_done_again(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo
) -> None:
    odoo.trouble = [
        Refused(
            "psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update", 500
        )
    ]
    await written(crm, known, "task.create", title="回电")
    assert len(odoo.rows["mail.activity"]) == 1
