"""The embedded CRM keeps the contract of all adapters, and has rules of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.store import Store
from crm_bridge import Account, AccountId, OutsideContract, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.embedded import EmbeddedCrm, load
from tests.contracts.crm_adapter import CrmAdapterContract
from tests.fakes.clock import Clock
from tests.fakes.embedded_crm import JINGMO, RENHE, open_crm

KEY = WriteKey("d-1")


async def renhe(crm: EmbeddedCrm) -> Account:
    found = next(name for name in await crm.directory() if "华东仁和" in name.also)
    return await crm.account(found.id)


async def written(crm: EmbeddedCrm, operation: str, key: str = KEY, **params: object) -> Receipt:
    account = await renhe(crm)
    return await crm.carry_out(Write(operation, account.id, params, "zhangsan"), WriteKey(key))


class TestEmbeddedCrm(CrmAdapterContract):
    @pytest.fixture
    async def known(self, crm: EmbeddedCrm) -> AccountId:  # type: ignore[override]
        return (await renhe(crm)).id

    @pytest.fixture
    def crm(self, store: Store, clock: Clock) -> EmbeddedCrm:  # type: ignore[override]
        """On each database, its writes in the host's transactions."""
        with store.begin() as session:
            load(session, [RENHE, JINGMO], clock().date())
        return EmbeddedCrm(store.engine, clock, store.begin)

    @pytest.fixture
    def passes(self, clock: Clock) -> Callable[[], None]:
        return lambda: clock.advance(seconds=1) and None


async def test_a_stage_moves_and_moves_back(crm: EmbeddedCrm, clock: Clock) -> None:
    deal = (await renhe(crm)).of("opportunity")[0]
    receipt = await written(crm, "opportunity.move_stage", opportunity=deal.id, to="报价")
    assert stage(await renhe(crm)) == "报价"
    clock.advance(seconds=5)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert stage(await renhe(crm)) == "方案"


async def test_what_somebody_changed_since_is_not_taken_back(crm: EmbeddedCrm, clock: Clock) -> None:
    deal = (await renhe(crm)).of("opportunity")[0]
    receipt = await written(crm, "opportunity.move_stage", opportunity=deal.id, to="报价")
    clock.advance(minutes=1)
    await written(crm, "opportunity.move_stage", "d-2", opportunity=deal.id, to="谈判")
    with pytest.raises(WriteRefused, match="11月26日 15:05 被 zhangsan 改过"):
        await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert stage(await renhe(crm)) == "谈判"


async def test_a_closed_opportunity_stays_closed(crm: EmbeddedCrm) -> None:
    deal = (await renhe(crm)).of("opportunity")[0]
    await written(crm, "opportunity.move_stage", opportunity=deal.id, to="赢单")
    with pytest.raises(WriteRefused, match="已是“赢单”"):
        await written(crm, "opportunity.move_stage", "d-2", opportunity=deal.id, to="谈判")


async def test_an_opportunity_of_another_customer_is_not_touched(crm: EmbeddedCrm) -> None:
    deal = (await renhe(crm)).of("opportunity")[0]
    other = next(name for name in await crm.directory() if "苏州精模" in name.also)
    write = Write("opportunity.move_stage", other.id, {"opportunity": deal.id, "to": "报价"}, "lisi")
    with pytest.raises(WriteRefused, match="苏州精模 没有编号"):
        await crm.carry_out(write, KEY)
    assert stage(await renhe(crm)) == "方案"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("tier", "SSS", "没有“SSS”这个客户等级"),
        ("payment_days", "", "0 到 720 之间的天数"),
        ("payment_days", "9999", "0 到 720 之间的天数"),
        ("payment_days", "很久", "不是整数"),
        ("tier", "A", "已经是“A”"),
    ],
)
async def test_a_field_takes_only_what_fits(crm: EmbeddedCrm, field: str, value: str, why: str) -> None:
    with pytest.raises(WriteRefused, match=why):
        await written(crm, "field.set", field=field, value=value)


async def test_a_field_outside_the_contract_is_refused(crm: EmbeddedCrm) -> None:
    with pytest.raises(OutsideContract, match="owner"):
        await written(crm, "field.set", field="owner", value="lisi")


async def test_a_field_knows_when_it_was_set_and_goes_back(crm: EmbeddedCrm, clock: Clock) -> None:
    clock.advance(hours=1)
    receipt = await written(crm, "field.set", field="payment_days", value="45")
    term = (await renhe(crm)).get("payment_days")
    assert term is not None
    assert (term.value, term.lineage.at) == (45, clock.now)
    clock.advance(hours=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert getattr((await renhe(crm)).get("payment_days"), "value", None) == 60


async def test_a_meeting_is_shown_at_the_hour_of_people_here(crm: EmbeddedCrm) -> None:
    times = {"start": "2026-12-03T15:00:00+08:00", "end": "2026-12-03T16:00:00+08:00"}
    receipt = await written(crm, "meeting.schedule", title="产品演示", **times)
    start = (await renhe(crm)).of("meeting")[0].get("start")
    assert start is not None
    assert start.shown == "2026-12-03 15:00"
    assert receipt.shown.endswith("「产品演示」,12月3日 15:00")


async def test_a_meeting_without_a_zone_or_backwards_is_refused(crm: EmbeddedCrm) -> None:
    with pytest.raises(WriteRefused, match="没有时区"):
        await written(
            crm, "meeting.schedule", title="会", start="2026-12-03T15:00:00", end="2026-12-03T16:00:00"
        )
    same = "2026-12-03T15:00:00+08:00"
    with pytest.raises(WriteRefused, match="晚于"):
        await written(crm, "meeting.schedule", title="会", start=same, end=same)


async def test_an_invoice_is_overdue_from_the_morning_after_here(crm: EmbeddedCrm, clock: Clock) -> None:
    async def overdue(at: datetime) -> str:
        clock.now = at
        field = (await renhe(crm)).get("overdue")
        return field.shown if field else ""

    assert await overdue(datetime(2026, 11, 16, 15, 59, tzinfo=UTC)) == "没有"
    assert await overdue(datetime(2026, 11, 16, 16, 0, tzinfo=UTC)) == "¥100,000.00"


async def test_a_long_note_is_kept_whole(crm: EmbeddedCrm) -> None:
    text = "客户说明了现场情况。" * 150
    await written(crm, "note.log", text=text)
    kept = (await renhe(crm)).of("note")[0].get("text")
    assert kept is not None
    assert kept.value == text


async def test_a_receipt_of_another_system_cannot_be_taken_back_here(crm: EmbeddedCrm) -> None:
    receipt = await written(crm, "note.log", text="来电")
    foreign = replace(receipt, record_kind="spaceship")
    with pytest.raises(WriteRefused, match=receipt.record_id):
        await crm.undo(foreign, "zhangsan", WriteKey("undo"))


async def test_the_directory_learns_of_customers_that_others_add(tmp_path: Path, clock: Clock) -> None:
    crm, engine = open_crm(tmp_path, clock)
    before = len(await crm.directory())
    newcomer = {
        "name": "杭州新客有限公司",
        "short": "新客",
        "industry": "saas",
        "tier": "C",
        "owner": "wangwu",
    }
    with Session(engine) as session, session.begin():
        load(session, [newcomer | {"since": "-1d"}], date(2026, 11, 26))
    assert len(await crm.directory()) == before
    clock.advance(seconds=10)
    learned = await crm.directory()
    assert len(learned) == before + 1
    clock.advance(seconds=10)
    assert await crm.directory() is learned
    engine.dispose()


def stage(account: Account) -> str:
    field = account.of("opportunity")[0].get("stage")
    assert field is not None
    return str(field.value)
