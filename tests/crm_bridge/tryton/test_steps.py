"""A deal is made by one call and taken to its stage by others: what may happen between them, by both ways into a real Tryton."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm, sheets
from crm_bridge.adapters.tryton import TrytonRpc
from tests.crm_bridge.tryton.conftest import Notes, open_crm, open_rest
from tests.crm_bridge.tryton.promises import Open, number, stage, written
from tests.fakes.clock import Clock
from tests.fakes.tryton_server import Proxy


class Died(BaseException):
    """The process ends here."""


@pytest.fixture
def once() -> WriteKey:
    """All tests write into one Tryton."""
    return WriteKey(f"steps-{uuid.uuid4().hex[:8]}")


@pytest.fixture(params=["tryton", "rest"])
def opens(request: pytest.FixtureRequest, key: str, notes: Notes, clock: Clock) -> Open:
    if request.param == "rest":
        return lambda address: open_rest(address, key, notes, clock)
    return lambda address: open_crm(address, notes, clock)


@pytest.fixture
async def crm(opens: Open, proxy: Proxy) -> AsyncIterator[RemoteCrm]:
    """Behind the proxy."""
    opened = opens(proxy.address)
    yield opened
    await opened.close()


@pytest.fixture
async def later(opens: Open, proxy: Proxy) -> AsyncIterator[RemoteCrm]:
    """As the next process opens it, with the same memory."""
    opened = opens(proxy.address)
    yield opened
    await opened.close()


@pytest.fixture
def deal(known: AccountId) -> Write:
    return Write("opportunity.create", known, {"title": "X200 50台", "stage": "需求确认"}, "zhangsan")


@pytest.fixture
async def forbidden(rpc: TrytonRpc) -> AsyncIterator[None]:
    """Only people of a group that nobody is in may press the button."""
    names = [["model", "=", "sale.opportunity"], ["name", "=", "opportunity"]]
    buttons = await rpc.model("ir.model.button", "search", names, 0, 1, None)
    (group,) = await rpc.model("res.group", "create", [{"name": "销售总监"}])
    await rpc.model("ir.model.button", "write", buttons, {"groups": [["add", [group]]]})
    yield
    await rpc.model("ir.model.button", "write", buttons, {"groups": [["remove", [group]]]})
    await rpc.model("res.group", "delete", [group])


@pytest.mark.parametrize(
    ("lost", "is_there"),
    [
        ({"cut_answers": 1}, False),
        ({"spared": 1, "cut_requests": 1}, False),
        ({"spared": 1, "cut_answers": 1}, True),
    ],
    ids=["answer-of-the-first", "second-call", "answer-of-the-second"],
)
async def test_a_deal_ends_once_at_the_stage_that_was_confirmed_whatever_is_lost_on_the_way(
    crm: RemoteCrm,
    later: RemoteCrm,
    deal: Write,
    proxy: Proxy,
    lost: dict[str, int],
    is_there: bool,
    once: WriteKey,
) -> None:
    for what, count in lost.items():
        setattr(proxy, what, count)
    with pytest.raises(OutcomeUnknown):
        await crm.carry_out(deal, once)
    assert (proxy.spared, proxy.cut_answers, proxy.cut_requests) == (0, 0, 0)
    assert (await later.receipt(once) is not None) is is_there
    receipt = await later.carry_out(deal, once)
    assert receipt.shown == f"已创建商机 {receipt.record_id}「X200 50台」,阶段:需求确认"
    assert [one.id for one in (await later.account(deal.account)).of("opportunity")] == [receipt.record_id]
    assert await stage(later, deal.account) == "需求确认"
    assert await later.carry_out(deal, once) == await later.receipt(once) == receipt


async def test_a_process_that_dies_between_the_calls_leaves_the_rest_to_the_next(
    crm: RemoteCrm, later: RemoteCrm, deal: Write, monkeypatch: pytest.MonkeyPatch, once: WriteKey
) -> None:
    async def dies(*_: Any) -> None:
        raise Died

    monkeypatch.setattr(crm.system, "change", dies)
    with pytest.raises(Died):
        await crm.carry_out(deal, once)
    assert await stage(later, deal.account) == "线索"
    assert await later.receipt(once) is None
    await later.carry_out(deal, once)
    assert await stage(later, deal.account) == "需求确认"


@pytest.mark.usefixtures("forbidden")
async def test_a_step_that_is_refused_stands_in_the_receipt(
    crm: RemoteCrm, deal: Write, once: WriteKey
) -> None:
    """The deal is made; a failure would have the rep make it a second time."""
    receipt = await crm.carry_out(deal, once)
    made, _, rest = receipt.shown.partition(";")
    assert made == f"已创建商机 {receipt.record_id}「X200 50台」,阶段:线索"
    assert rest.startswith("没能把阶段改到“需求确认”(Tryton")
    assert await stage(crm, deal.account) == "线索"
    assert await crm.carry_out(deal, once) == receipt
    await crm.undo(receipt, "zhangsan", WriteKey(f"{once}-undo"))
    assert (await crm.account(deal.account)).of("opportunity") == ()


async def test_a_deal_that_a_colleague_changed_meanwhile_stays_where_it_is_and_the_receipt_says_so(
    crm: RemoteCrm,
    later: RemoteCrm,
    deal: Write,
    proxy: Proxy,
    rpc: TrytonRpc,
    monkeypatch: pytest.MonkeyPatch,
    once: WriteKey,
) -> None:
    monkeypatch.setattr(sheets, "AT_ONCE", timedelta(0))
    proxy.cut_answers = 1
    with pytest.raises(OutcomeUnknown):
        await crm.carry_out(deal, once)
    (made,) = await rpc.model("sale.opportunity", "search", [["reference", "=", once]], 0, 1, None)
    await rpc.model("sale.opportunity", "lost", [made])
    receipt = await later.carry_out(deal, once)
    assert "阶段:输单;没能把阶段改到“需求确认”(建好后被别人改过)" in receipt.shown
    assert await stage(later, deal.account) == "输单"


async def test_a_stage_that_no_button_leads_to_from_here_is_refused_and_nothing_else_changes(
    crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
) -> None:
    """A converted deal does not become an opportunity again, and keeps its probability too."""
    made = await written(crm, known, "opportunity.create", "converted", title="X200", stage="需求确认")
    await rpc.model("sale.opportunity", "convert", [number(made)])
    (before,) = await rpc.model("sale.opportunity", "read", [number(made)], ["conversion_probability"])
    with pytest.raises(WriteRefused, match="没有接受:.*You can not call"):
        await written(
            crm, known, "opportunity.move_stage", "converted-2", opportunity=made.record_id, to="需求确认"
        )
    (after,) = await rpc.model("sale.opportunity", "read", [number(made)], ["conversion_probability"])
    assert after == before


@pytest.mark.parametrize("opens", ["tryton"], indirect=True)
async def test_a_move_that_was_cut_in_the_middle_ends_where_it_should_and_goes_back_to_where_it_began(
    crm: RemoteCrm, later: RemoteCrm, known: AccountId, proxy: Proxy, clock: Clock, once: WriteKey
) -> None:
    """方案 is a state and a probability: the button was pressed, the probability never arrived."""
    made = await written(crm, known, "opportunity.create", "half", title="X200")
    move = Write("opportunity.move_stage", known, {"opportunity": made.record_id, "to": "方案"}, "zhangsan")
    proxy.spared = proxy.cut_requests = 1
    with pytest.raises(OutcomeUnknown):
        await crm.carry_out(move, once)
    assert await stage(later, known) == "需求确认"
    with pytest.raises(CrmUnavailable, match="may still be working"):
        await later.carry_out(move, once)
    clock.advance(seconds=61)
    moved = await later.carry_out(move, once)
    assert moved.shown == f"商机 {made.record_id} 已从“线索”改到“方案”"
    assert await stage(later, known) == "方案"
    await later.undo(moved, "zhangsan", WriteKey(f"{once}-undo"))
    assert await stage(later, known) == "线索"
