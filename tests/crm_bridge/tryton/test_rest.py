"""The `rest` adapter, told by a mapping file alone, keeps the contract on a real Tryton's REST interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crm_bridge import AccountId, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm, feed_of
from crm_bridge.adapters.tryton import TrytonRpc
from tests.crm_bridge.tryton.conftest import Notes, customer, open_rest
from tests.crm_bridge.tryton.promises import Open, TrytonPromises, number, written
from tests.fakes.clock import Clock


@pytest.fixture
async def crm(tryton: str, key: str, notes: Notes, clock: Clock) -> AsyncIterator[RemoteCrm]:
    opened = open_rest(tryton, key, notes, clock)
    yield opened
    await opened.close()


class TestTrytonRest(TrytonPromises):
    stages = ("线索", "输单")

    @pytest.fixture
    def opens(self, key: str, notes: Notes, clock: Clock) -> Open:
        return lambda address: open_rest(address, key, notes, clock)


async def test_every_customer_is_on_one_of_the_pages(
    tryton: str, key: str, notes: Notes, clock: Clock, rpc: TrytonRpc, tmp_path: Path
) -> None:
    """Tryton counts records where others count pages: a page must begin where the one before ended."""
    made = {await customer(rpc, f"分页客户{number}有限公司") for number in range(5)}
    small = tmp_path / "small.yaml"
    paging = "account: {options: {list: {paging: {style: offset, size: 2}}}}"
    small.write_text(f"extends: tryton_rest\n{paging}\n", encoding="utf-8")
    crm = open_rest(tryton, key, notes, clock, str(small))
    names = [one.id for one in await crm.directory()]
    await crm.close()
    assert made <= set(names)
    assert len(names) == len(set(names))


async def test_what_has_no_endpoint_is_refused_in_words(crm: RemoteCrm, known: AccountId) -> None:
    for operation, params, words in (
        ("ticket.create", {"title": "E03"}, "没有放工单的地方"),
        ("field.set", {"field": "tier", "value": "VIP"}, "不能从这里改客户等级"),
    ):
        with pytest.raises(WriteRefused, match=words):
            await written(crm, known, operation, "no-place", **params)


async def test_a_stage_that_no_call_leads_to_stands_in_a_new_deal_and_is_refused_of_an_old_one(
    crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
) -> None:
    made = await written(crm, known, "opportunity.create", "rest-far", title="X200", stage="方案")
    fields = ["state", "comment"]
    (row,) = await rpc.model("sale.opportunity", "read", [number(made)], fields)
    assert (row["state"], row["comment"]) == ("lead", "阶段:方案")
    with pytest.raises(WriteRefused, match="“谈判”;可选:线索、需求确认、输单"):
        await written(
            crm, known, "opportunity.move_stage", "rest-far-2", opportunity=made.record_id, to="谈判"
        )


async def test_the_database_stands_in_the_path(crm: RemoteCrm) -> None:
    assert urlsplit(crm.system.caller.base_url).path == "/crm"  # type: ignore[attr-defined]


async def test_a_deal_is_told_once_when_it_is_made_changed_and_cancelled(
    crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
) -> None:
    """By the clock of the machine, as the server's; until its first change a record has no time of one."""
    feed = feed_of(crm, lambda: datetime.now(UTC))
    assert feed is not None
    write = Write("opportunity.create", known, {"title": "X200"}, "zhangsan")
    made = (await crm.carry_out(write, WriteKey("rest-told"))).record_id
    number = int(made.removeprefix("OPP-"))
    page = await feed.changes("")
    assert [one.account for one in page.changes if one.record_id == made] == [known]
    await rpc.model("sale.opportunity", "write", [number], {"description": "X200 加急"})
    page = await feed.changes(page.cursor)
    assert [(one.record_id, one.fields["title"]) for one in page.changes] == [(made, "X200 加急")]
    await rpc.model("sale.opportunity", "cancel", [number])
    page = await feed.changes(page.cursor)
    assert [(one.record_id, one.deleted) for one in page.changes] == [(made, True)]
    assert (await feed.changes(page.cursor)).changes == ()
