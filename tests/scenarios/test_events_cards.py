"""Another system reports something, and the owner of the account gets a card that says because of what."""

from __future__ import annotations

from typing import Any

from bot.decision import ReasonKind, State
from bot.tables import DecisionRow
from crm_bridge import AccountId
from crm_bridge.adapters.embedded.tables import TicketRow
from crm_bridge.events import Taken
from crm_bridge.events.tables import EventRow
from crm_bridge.lineage import history, sentence
from tests.events import made
from tests.fakes.product import ASKED, Browser, Product

FAULT = {
    "specversion": "1.0",
    "id": "alarm-1",
    "source": "/iot/aliyun",
    "type": "thing.event.fault.post",
    "data": {
        "deviceName": "X200-0017",
        "productName": "X200",
        "tags": {"owner": "华东仁和"},
        "gmtCreate": 1795676583441,
        "value": {"ErrorCode": "E07", "Message": "驱动器过流"},
    },
}


async def happens(product: Product, *events: dict[str, Any]) -> list[Taken]:
    taken = await product.parts.intake.accept(events)
    await product.settle()
    return taken


async def test_a_device_fault_proposes_a_ticket_and_writes_it_only_when_confirmed(product: Product) -> None:
    before = product.count(TicketRow)
    (taken,) = await happens(product, FAULT)
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert (decision.intent, decision.customer_name) == ("service_request", "华东仁和")
    (action,) = decision.draft.actions
    assert (action.kind, action.params["product"], action.params["alarm"]) == ("ticket.create", "X200", "E07")
    first = decision.rationale.reasons[0]
    assert (first.kind, first.ref) == (ReasonKind.EVENT, taken.uid)
    assert "X200-0017" in first.text
    assert "E07" in first.text
    assert ReasonKind.WORDS not in {one.kind for one in decision.rationale.reasons}
    assert product.count(TicketRow) == before
    await product.taps(card, "确认")
    assert product.decision(card).state is State.CARRIED_OUT
    assert product.count(TicketRow) == before + 1
    assert product.cards("lisi") == []


async def test_the_same_fault_reported_again_and_again_is_one_card(product: Product) -> None:
    product.pass_by(seconds=1)
    later = FAULT | {"id": "alarm-2", "data": FAULT["data"] | {"gmtCreate": 1795676584441}}
    await happens(product, FAULT, FAULT, later)
    assert len(product.cards("zhangsan")) == 1


async def test_another_alarm_of_the_device_takes_the_open_cards_place(product: Product) -> None:
    await happens(product, FAULT)
    product.pass_by(seconds=1)
    later = FAULT | {
        "id": "alarm-2",
        "data": FAULT["data"] | {"gmtCreate": 1795676584441, "value": {"ErrorCode": "E05"}},
    }
    await happens(product, later)
    (card,) = product.open_cards("zhangsan")
    assert "E05" in product.decision(card).words
    assert {one.state for one in product.decisions()} == {State.SUPERSEDED, State.PROPOSED}


async def test_a_late_report_of_what_is_over_makes_no_card(product: Product) -> None:
    recovered = FAULT | {
        "id": "ok-1",
        "type": "thing.event.recover.post",
        "data": FAULT["data"] | {"gmtCreate": 1795676593441},
    }
    await happens(product, recovered)
    await happens(product, FAULT)
    assert product.cards("zhangsan") == []


async def test_a_new_tier_is_told_with_what_it_was(product: Product) -> None:
    def tier(number: int, value: str) -> dict[str, Any]:
        data = {
            "FNumber": "华东仁和",
            "FCustTypeId": {"FNumber": value},
            "FModifyDate": f"2026-11-26 15:0{number}:00",
        }
        return {
            "specversion": "1.0",
            "id": str(number),
            "source": "/erp/kingdee/acme",
            "type": "BD_Customer.Update",
            "data": data,
        }

    await happens(product, tier(1, "A"))
    await happens(product, tier(2, "KHLB_VIP"))
    assert "金蝶云星空" in product.words("zhangsan")[-1]
    assert "A→VIP" in product.words("zhangsan")[-1]
    assert product.count(DecisionRow) == 0


async def test_a_card_names_the_chain_of_events_behind_it(product: Product) -> None:
    paid = made.ours(
        "order.updated",
        "SO-9",
        id_="erp-1",
        time="2026-11-26T15:01:00+08:00",
        account="华东仁和",
        fields={"status": "冻结"},
    )
    cancelled = made.ours(
        "order.cancelled",
        "SO-9",
        id_="oms-1",
        source="/oms",
        time="2026-11-26T15:02:00+08:00",
        account="华东仁和",
        fields={"status": "已取消"},
    ) | {"causationid": "erp-1", "correlationid": "flow-7"}
    first, second = await happens(product, paid, cancelled)
    (card,) = product.open_cards("zhangsan")
    refs = [one.ref for one in product.decision(card).rationale.reasons if one.kind is ReasonKind.EVENT]
    assert refs == [second.uid, first.uid]


async def test_an_event_of_nobody_we_know_waits_among_the_dead_letters_until_it_is_replayed(
    product: Product,
) -> None:
    (taken,) = await happens(
        product,
        made.ours("complaint.received", "C-1", id_="1", account="火星机械", details={"text": "又坏了"}),
    )
    (row,) = product.rows(EventRow)
    assert "火星机械" in row.reason
    with product.parts.store.begin() as session:
        session.get_one(EventRow, taken.uid).payload = row.payload | {
            "data": row.payload["data"] | {"account": "华东仁和"}
        }
    assert (await product.parts.intake.replay(taken.uid)).status == "accepted"
    await product.settle()
    assert "又坏了" in product.decision(product.open_cards("zhangsan")[0]).words


async def test_our_own_write_that_comes_back_is_known_and_does_nothing(product: Product) -> None:
    await happens(product, FAULT)
    (card,) = product.open_cards("zhangsan")
    await product.taps(card, "确认")
    (ticket,) = [row for row in product.rows(TicketRow) if "X200-0017" in row.title]
    echo = (
        made.ours(
            "ticket.opened",
            ticket.id,
            id_="t1",
            time="2026-11-26T15:05:00+08:00",
            source="/crm/embedded",
            account="华东仁和",
            fields={"severity": ticket.severity, "status": "处理中"},
        )
        | {}
    )
    await happens(product, echo)
    row = next(one for one in product.rows(EventRow) if one.id == "t1")
    assert row.echo_of
    assert row.causation == f"decision:{product.decision(card).id}"
    news = made.ours(
        "ticket.updated",
        ticket.id,
        id_="t2",
        time="2026-11-26T15:06:00+08:00",
        source="/crm/embedded",
        fields={"severity": "一般"},
    )
    await happens(product, news)
    assert next(one for one in product.rows(EventRow) if one.id == "t2").echo_of == ""
    assert len(product.cards("zhangsan")) == 1


async def test_the_cards_reason_opens_the_event_and_no_other(product: Product) -> None:
    first, other = await happens(
        product, FAULT, made.ours("order.updated", "SO-7", id_="elsewhere", fields={"status": "x"})
    )
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    url = product.parts.cards.url(decision)
    browser = Browser(product)
    try:
        await browser.sign_in(url, "zhangsan")
        page = await browser.get(f"{url}/event/{first.uid}")
        assert page.status_code == 200
        assert "alarm-1" in page.text
        assert (await browser.get(f"{url}/event/{other.uid}")).status_code == 404
    finally:
        await browser.close()


async def test_an_update_that_concerns_nobody_now_still_joins_the_customers_history(product: Product) -> None:
    def moved(number: int, account: str) -> dict[str, Any]:
        id_, time = f"u-{number}", f"2026-11-26T15:0{number}:00+08:00"
        fields = {"region": "华北"}
        return made.ours("customer.updated", account, id_=id_, time=time, account=account, fields=fields)

    before = product.words("zhangsan")
    await happens(product, moved(1, "华东仁和"), moved(2, "不认识的公司"))
    assert product.words("zhangsan") == before
    (owned,) = [one for one in await product.parts.crm.directory() if "华东仁和" in one.also]
    with product.parts.store.look() as session:
        told, _ = [sentence(row) for row in history(session, owned.id, "region")]
    assert told.endswith("更新区域为 华北")
    assert {row.reason for row in product.rows(EventRow)} == {""}


async def test_a_card_says_where_another_system_has_another_value_and_whose_counts(product: Product) -> None:
    def tier(number: int, value: str) -> dict[str, Any]:
        data = {"FNumber": "华东仁和", "FCustTypeId": {"FNumber": value}}
        return {
            "specversion": "1.0",
            "id": str(number),
            "source": "/erp/kingdee/acme",
            "type": "BD_Customer.Update",
            "data": data | {"FModifyDate": f"2026-11-26 15:0{number}:00.441"},
        }

    await happens(product, tier(1, "C"))
    await happens(product, tier(2, "A"))
    await product.hears("zhangsan", ASKED)
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert "客户等级:金蝶云星空 记为 A,以 内置CRM 的 VIP 为准" in decision.rationale.unknowns
    with product.parts.store.look() as session:
        told = [sentence(row) for row in history(session, AccountId(str(decision.customer)), "tier")]
    assert told[0] == "2026-11-26T15:02:00.441 金蝶云星空 更新客户等级为 A"
