"""What happens around a customer adds up: the owner gets one card that says why, with a package, and nothing by itself."""

from __future__ import annotations

from typing import Any

from bot.decision import ReasonKind, State
from bot.tables import ActionRow, DecisionRow
from crm_bridge.signals.tables import SignalReadRow, SignalRow, SignalWindowRow
from tests.events import made
from tests.fakes.product import ASKED, Product

CUSTOMER = "华东仁和"


def warm(day: int = 26, account: str = CUSTOMER) -> list[dict[str, Any]]:
    """Somebody there reads, downloads, accepts a meeting; a new person is named and the machines run hot."""
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("web.page-dwell", "v1", {"page": "/x350", "seconds": 190}),
        ("web.download", "v2", {"document": "X350 手册"}),
        ("web.download", "v3", {"document": "X350 图纸"}),
        ("meeting.accepted", "m1", {"at": "周四"}),
        ("contact.added", "c1", {"name": "新联系人"}),
        ("device.usage", "d1", {"utilization": 0.93}),
    ]
    return [
        made.ours(
            type_,
            f"{entity}-{day}",
            id_=f"{entity}-{day}",
            time=f"2026-11-{day}T14:0{at}:00+08:00",
            account=account,
            fields=fields,
        )
        for at, (type_, entity, fields) in enumerate(told)
    ]


async def look(product: Product) -> int:
    told = await product.parts.signals.watch_signals()
    await product.settle()
    return told


async def test_the_owner_gets_one_card_with_each_signals_part_and_nothing_is_done_by_itself(
    product: Product,
) -> None:
    await product.parts.intake.accept(warm())
    await product.settle()
    assert product.cards("zhangsan") == []
    assert await look(product) == 1
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert decision.customer_name == CUSTOMER
    assert "高意向" in decision.words
    signals = [one for one in decision.rationale.reasons if one.kind is ReasonKind.EVENT]
    assert {one.text.split(" ")[0] for one in signals} >= {"约见面", "下载资料", "设备用量上升"}
    assert all(" +" in one.text for one in signals)
    assert ReasonKind.WORDS not in {one.kind for one in decision.rationale.reasons}
    (action,) = decision.draft.actions
    assert (action.kind, action.missing) == ("task.create", ())
    assert product.count(ActionRow) == 0
    await product.taps(card, "确认")
    assert product.decision(card).state is State.CARRIED_OUT
    assert product.cards("lisi") == []


async def test_the_package_compares_with_the_neighbour_tells_a_case_and_names_papers_a_customer_may_have(
    product: Product,
) -> None:
    await product.parts.intake.accept(warm())
    await look(product)
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    text = decision.draft.text
    assert "X350" in text
    assert "对照" in text
    assert "· 最高转速:X350" in text  # a letter shows no table
    assert "| 最高转速 |" in decision.rationale.compared  # its rep's page does
    assert "|" not in text
    assert "类似的案例:医疗行业 · 华东：一家市级血站用 X350 换下老式分装线。" in text
    assert "(《客户应用案例集》" in text
    assert "可以发您的资料:《X系列离心机用户手册》" in text
    assert "竞品对比速查" not in text  # a paper of ours
    assert "价目" not in text
    assert "D80" not in text  # of another product
    assert "**" not in text
    assert not any("约见面" in one or "案例" in one for one in decision.rationale.unknowns)
    cited = [one for one in decision.rationale.reasons if one.kind is ReasonKind.PASSAGE]
    assert cited
    passages = [product.parts.library.passage(one.ref) for one in cited]
    assert all(one is not None and one.customer is None for one in passages)
    assert "客户应用案例集" in {one.citation.title for one in passages if one}


async def test_looking_again_counts_nothing_twice_and_brings_no_second_card(product: Product) -> None:
    await product.parts.intake.accept(warm())
    await look(product)
    kept, seen = product.count(SignalRow), product.count(SignalReadRow)
    product.pass_by(seconds=60)
    await product.parts.intake.accept(warm())
    assert await look(product) == 0
    assert (product.count(SignalRow), product.count(SignalReadRow)) == (kept, seen)
    assert len(product.cards("zhangsan")) == 1


async def test_what_opens_at_night_is_told_in_the_morning(product: Product) -> None:
    product.pass_by(hours=7)  # past ten in the evening
    await product.parts.intake.accept(warm())
    assert await look(product) == 0
    (window,) = [one for one in product.rows(SignalWindowRow) if one.sheet == "signals"]
    assert (window.is_open, window.waiting) == (True, True)
    product.pass_by(hours=11)
    assert await look(product) == 1
    assert len(product.open_cards("zhangsan")) == 1


async def test_words_a_rep_pasted_are_a_signal_and_a_proposal_of_ours_is_none(product: Product) -> None:
    await product.hears("zhangsan", ASKED)
    product.pass_by(minutes=20)
    await look(product)
    said = [one for one in product.rows(SignalRow) if one.sheet == "signals"]
    assert {one.dimension for one in said} & {"quote_request", "sla_question"}
    assert all(one.ref.startswith("decision:") for one in said)
    await product.parts.intake.accept(warm())
    await look(product)
    product.pass_by(minutes=20)
    await look(product)
    ours = {one.id for one in product.rows(DecisionRow) if one.conversation.startswith("signal:")}
    assert ours
    assert not {f"decision:{one}" for one in ours} & {one.ref for one in product.rows(SignalReadRow)}


async def test_trouble_opens_the_risk_window_with_a_card_without_a_package(product: Product) -> None:
    events = [
        made.ours(
            kind,
            f"{kind}-{number}",
            id_=f"{kind}-{number}",
            time=f"2026-11-26T10:0{number}:00+08:00",
            account=CUSTOMER,
            fields={"status": str(number)},
        )
        for number in range(2)
        for kind in ("payment.overdue", "sla.breached", "order.cancelled")
    ]
    await product.parts.intake.accept(events)
    await product.settle()
    assert await look(product) == 1
    decision = next(one for one in product.decisions() if one.conversation.startswith("signal:risk"))
    assert "风险" in decision.words
    assert "对照" not in decision.draft.text
    assert decision.draft.actions[0].params["priority"] == "紧急"
