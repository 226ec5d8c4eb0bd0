"""What is offered for which words: the intent's actions, as far as they make sense for this customer."""

from __future__ import annotations

from typing import Any

import pytest

from bot.actions import by_name, propose
from bot.decision import Proposal
from intents import Intent, Speaker, load_taxonomy
from tests.actions.conftest import Office, a_case

RENHE, JINGMO = "华东仁和", "苏州精模"


async def offered(office: Office, text: str, intent: str, customer: str = RENHE) -> dict[str, Proposal]:
    speaker = Speaker.REP if load_taxonomy().intents[Intent(intent)].speaker == "rep" else Speaker.CUSTOMER
    case = a_case(text, intent, await office.account(customer), speaker)
    return {proposal.kind: proposal for proposal in propose(Intent(intent), case)}


@pytest.mark.parametrize(
    ("intent", "text", "customer", "kinds"),
    [
        ("purchase", "这批先订20台,月底前把合同走完", RENHE, ["opportunity.move_stage", "task.create"]),
        ("purchase", "P60 先订20台,走合同吧", RENHE, ["opportunity.create", "task.create"]),
        ("quote_request", "X200 50台什么价", RENHE, ["quote.draft", "opportunity.move_stage"]),
        ("quote_request", "P60 50台什么价", RENHE, ["quote.draft", "opportunity.create"]),
        ("vague_interest", "先看看再说", RENHE, ["task.create", "note.log"]),
        ("technical_inquiry", "支持Modbus吗", RENHE, ["note.log"]),
        ("competitor_comparison", "跟别家比优势在哪", RENHE, ["note.log"]),
        ("meeting_request", "下周三下午3点来我们厂演示下X200", RENHE, ["meeting.schedule", "note.log"]),
        ("meeting_request", "下周三来演示一下", JINGMO, ["meeting.schedule", "opportunity.create"]),
        ("meeting_request", "能寄个样品试试吗", JINGMO, ["task.create", "opportunity.create"]),
        ("contract_terms", "逾期交货违约金怎么算", RENHE, ["note.log", "task.create"]),
        ("delivery_inquiry", "上周那单发货了没", RENHE, ["note.log", "task.create"]),
        ("service_request", "设备开机报E07,停线了", RENHE, ["ticket.create"]),
        ("complaint", "催了三次没人理", RENHE, ["escalate", "ticket.create"]),
        ("billing", "专票什么时候开", RENHE, ["task.create", "note.log"]),
        ("renewal_expansion", "上次那款再来2台", RENHE, ["opportunity.create", "quote.draft"]),
        ("cancellation", "不买了,我们定了别家", RENHE, ["escalate", "opportunity.move_stage"]),
        ("cancellation", "不买了,我们定了别家", JINGMO, ["escalate"]),
        ("cancellation", "帮我退货", RENHE, ["escalate"]),
        ("smalltalk", "收到,谢谢", RENHE, []),
        ("lookup_customer", "这家谁在跟", RENHE, []),
        ("ask_knowledge", "X200 噪音多少", RENHE, []),
        ("draft_reply", "帮我回一下", RENHE, []),
        ("record_crm", "建个商机,P60 10台", RENHE, ["opportunity.create"]),
        ("record_crm", "商机推到谈判阶段", RENHE, ["opportunity.move_stage"]),
        ("record_crm", "等级改成VIP", RENHE, ["field.set"]),
        ("record_crm", "等级改成A", RENHE, ["note.log"]),
        ("record_crm", "记一下,客户嫌交期长", RENHE, ["note.log"]),
        ("record_crm", "商机推到谈判,顺便记一下他们嫌贵", RENHE, ["opportunity.move_stage", "note.log"]),
        ("schedule", "周五下午3点约王主任线上会", RENHE, ["meeting.schedule"]),
        ("schedule", "明早九点提醒我回电", RENHE, ["task.create"]),
    ],
)
async def test_the_words_decide_what_is_offered(
    office: Office, intent: str, text: str, customer: str, kinds: list[str]
) -> None:
    assert list(await offered(office, text, intent, customer)) == kinds


def test_these_cases_speak_of_every_intent() -> None:
    cases: Any = test_the_words_decide_what_is_offered
    named = {case[0] for mark in cases.pytestmark for case in mark.args[1]}
    assert named == set(load_taxonomy().intents)


@pytest.mark.parametrize("intent", sorted(load_taxonomy().intents))
def test_nothing_is_written_for_a_customer_nobody_knows(intent: str) -> None:
    assert propose(Intent(intent), a_case("X200 20台,下周三见", intent, None)) == ()


async def test_an_intent_of_a_companys_own_that_names_no_action_offers_none(office: Office) -> None:
    assert propose(Intent("their_own"), a_case("喂", "their_own", await office.account())) == ()


async def test_a_quote_counts_every_product_and_gives_what_the_order_earns(office: Office) -> None:
    quote = (await offered(office, "20台X200和15台P60多少钱", "quote_request"))["quote.draft"]
    lines = [(line["product"], line["quantity"], line["discount_percent"]) for line in quote.params["lines"]]
    assert lines == [("X200", 20, "8"), ("P60", 15, "8")]
    assert quote.missing == ()


async def test_a_quantity_may_stand_behind_its_product(office: Office) -> None:
    quote = (await offered(office, "X200 20台, P60 5台 报个价", "quote_request"))["quote.draft"]
    assert [(line["product"], line["quantity"]) for line in quote.params["lines"]] == [
        ("X200", 20),
        ("P60", 5),
    ]


async def test_a_quote_without_a_product_takes_that_of_the_open_opportunity(office: Office) -> None:
    quote = (await offered(office, "50台什么价", "quote_request"))["quote.draft"]
    assert [(line["product"], line["quantity"]) for line in quote.params["lines"]] == [("X200", 50)]


async def test_a_quote_asks_for_what_nobody_named(office: Office) -> None:
    assert (await offered(office, "太贵了,能便宜点吗", "quote_request", JINGMO))["quote.draft"].missing == (
        "产品",
        "数量",
    )
    assert (await offered(office, "50台什么价", "quote_request", JINGMO))["quote.draft"].missing == ("产品",)
    assert (await offered(office, "P60什么价", "quote_request", JINGMO))["quote.draft"].missing == ("数量",)


async def test_one_copy_of_a_price_list_is_not_one_machine(office: Office) -> None:
    assert (await offered(office, "价目表发我一份", "quote_request", JINGMO))["quote.draft"].missing == (
        "产品",
        "数量",
    )


async def test_accounts_are_not_counted_as_machines(office: Office) -> None:
    quote = (await offered(office, "10个账号什么价", "quote_request"))["quote.draft"]
    assert quote.missing == ("产品",)


async def test_the_same_again_is_what_was_ordered_last(office: Office) -> None:
    quote = (await offered(office, "上次那款再来2台", "renewal_expansion"))["quote.draft"]
    assert [(line["product"], line["quantity"]) for line in quote.params["lines"]] == [("X350", 2)]


async def test_what_lacks_something_never_stands_in_the_way_of_what_is_complete(office: Office) -> None:
    again = await offered(office, "服务快到期了,帮我续一年", "renewal_expansion", JINGMO)
    assert list(again) == ["opportunity.create", "note.log"]
    assert not any(proposal.missing for proposal in again.values())


@pytest.mark.parametrize(
    "text", ["报价记录补一条,有效期到月底", "需求变了", "他们的方案不行", "这个线索先放放"]
)
async def test_a_stage_that_is_only_mentioned_moves_nothing(office: Office, text: str) -> None:
    assert list(await offered(office, text, "record_crm")) == ["note.log"]


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("推到报价", "报价"),
        ("阶段挪到谈判了", "谈判"),
        ("进入商务洽谈", "谈判"),
        ("这单黄了", "输单"),
        ("拿下了,签了", "赢单"),
    ],
)
async def test_a_rep_moves_a_stage_in_plain_words(office: Office, text: str, to: str) -> None:
    assert (await offered(office, text, "record_crm"))["opportunity.move_stage"].params["to"] == to


@pytest.mark.parametrize("text", ["之前下的那批不要了", "取消订舱", "合同终止吧", "不续了"])
async def test_an_order_that_ends_loses_no_opportunity(office: Office, text: str) -> None:
    assert list(await offered(office, text, "cancellation")) == ["escalate"]


async def test_an_ordinal_is_not_a_quantity(office: Office) -> None:
    assert (
        "quantity"
        not in (await offered(office, "第二个吧 签", "purchase", JINGMO))["opportunity.create"].params
    )


async def test_a_new_opportunity_is_worth_its_list_price_less_the_discount(office: Office) -> None:
    deal = (await offered(office, "P60 50台什么价", "quote_request"))["opportunity.create"]
    assert (deal.params["product"], deal.params["quantity"], deal.params["amount"]) == (
        "P60",
        50,
        "422400.00",
    )
    assert deal.params["title"] == "华东仁和 P60 ×50"


async def test_a_reps_budget_and_quarter_are_taken_at_their_word(office: Office) -> None:
    deal = (await offered(office, "给苏州精模建个商机,预算80万,三季度", "record_crm", JINGMO))[
        "opportunity.create"
    ]
    assert (deal.params["amount"], deal.params["close_date"]) == ("800000.00", "2027-09-30")


async def test_a_customers_word_never_moves_an_opportunity_backwards(office: Office) -> None:
    first = await offered(office, "X200 走合同吧", "purchase")
    assert first["opportunity.move_stage"].params["to"] == "谈判"
    assert "opportunity.move_stage" not in await offered(office, "下周三来演示X200", "meeting_request")


async def test_which_opportunity_is_asked_where_two_are_open(office: Office) -> None:
    made = (await offered(office, "建个商机,P60 10台", "record_crm"))["opportunity.create"]
    await by_name(made.kind).carry_out(made.params, await office.site())
    move = (await offered(office, "商机推到谈判阶段", "record_crm"))["opportunity.move_stage"]
    assert move.missing == ("商机",)
    choices = next(one for one in by_name(move.kind).form(move.params) if one.name == "opportunity").choices
    assert sorted(label for _, label in choices) == ["X200 采购(方案)", "华东仁和 P60 ×10(线索)"]
    named = (await offered(office, "P60 的商机推到谈判阶段", "record_crm"))["opportunity.move_stage"]
    assert named.missing == ()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("等级改成VIP", "tier", "VIP"),
        ("帮我把他们升到 b类", "tier", "B"),
        ("账期改成45天", "payment_days", "45"),
        ("区域改为华北", "region", "华北"),
        ("备注改成 只收专票。", "remark", "只收专票"),
    ],
)
async def test_a_rep_sets_fields_in_plain_words(office: Office, text: str, field: str, value: str) -> None:
    params = (await offered(office, text, "record_crm"))["field.set"].params
    assert (params["field"], params["value"]) == (field, value)


async def test_a_customer_who_asks_for_a_tier_sets_nothing(office: Office) -> None:
    assert "field.set" not in await offered(office, "把我们等级改成VIP,别家都给", "competitor_comparison")


async def test_a_meeting_knows_its_hour_place_and_people(office: Office) -> None:
    meeting = (await offered(office, "周五下午3点约王主任和周总线上会", "schedule"))["meeting.schedule"]
    assert meeting.params == {
        "title": "华东仁和 线上会议",
        "start": "2026-11-27T15:00:00+08:00",
        "minutes": 60,
        "place": "线上",
        "attendees": ["王建国", "周敏"],
    }
    assert meeting.missing == ()


async def test_a_day_without_an_hour_is_a_guess_and_asks(office: Office) -> None:
    meeting = (await offered(office, "下周二下午来公司参观", "meeting_request"))["meeting.schedule"]
    assert meeting.params["start"] == "2026-12-01T14:00:00+08:00"
    assert meeting.missing == ("开始时间(12月1日几点)",)


async def test_no_day_at_all_is_asked_for(office: Office) -> None:
    meeting = (await offered(office, "有空约个视频会聊聊", "meeting_request"))["meeting.schedule"]
    assert "start" not in meeting.params
    assert meeting.missing == ("开始时间",)


@pytest.mark.parametrize(
    ("intent", "text", "due"),
    [
        ("vague_interest", "先看看", "2026-12-10"),
        ("vague_interest", "下个月再说", "2026-12-01"),
        ("vague_interest", "年后再议吧", "2027-02-24"),
        ("purchase", "月底前把合同走完", "2026-11-30"),
        ("delivery_inquiry", "月底能到货吗", "2026-11-27"),
        ("schedule", "明早九点提醒我回电", "2026-11-27"),
        ("schedule", "下周六提醒我打电话", "2026-12-05"),
    ],
)
async def test_a_task_is_due_when_the_words_mean_it(office: Office, intent: str, text: str, due: str) -> None:
    assert (await offered(office, text, intent))["task.create"].params["due"] == due


async def test_a_reminder_keeps_its_hour_in_words(office: Office) -> None:
    task = (await offered(office, "明早九点提醒我给王主任回电", "schedule"))["task.create"]
    assert task.params["title"] == "给王主任回电(09:00)"


@pytest.mark.parametrize(
    ("text", "level"), [("停线了赶紧来", "紧急"), ("又坏了", "严重"), ("滤芯要换", "一般")]
)
async def test_a_line_that_stands_still_is_urgent(office: Office, text: str, level: str) -> None:
    assert (await offered(office, text, "service_request"))["ticket.create"].params["severity"] == level
