"""Whatever is said, what is proposed can be stored, shown, corrected and, unless something is missing, carried out."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.actions import by_name, propose
from bot.actions.registry import MOST
from crm_bridge import Account, AccountId, Contact, Field, Lineage, Record
from intents import Intent, Speaker, load_taxonomy
from tests.actions.conftest import CATALOG, a_case
from tests.actions.test_forms import filled

TAXONOMY = load_taxonomy()
AT = datetime(2026, 11, 1, tzinfo=UTC)
FRAGMENTS = [
    "X200", "P60H", "禾云专业版", "50台", "10个账号", "几十台", "0台", "80万", "预算30到50万", "明早九点", "下周三", "三季度", "12月1日下午两点半",
    "尽快", "年后", "E07", "停线了", "账期改成999天", "账期改成45天", "等级改成VIP", "建个商机", "推到谈判", "输单", "提醒我", "约王主任", "样品", "现场",
    "不要了", "定了别家", "记一下", "备注改成 只收专票", "99折", "¥18800", "O-2", ",", "。", "\n", "🙏", "  ", "0.0000001元", "99999999999999999999台", "二百五十亿",
]  # fmt: skip


def a_field(name: str, value: object) -> Field:
    return Field(name, name, value, str(value), Lineage("test", "test", name, AT, AT))


def a_deal(number: int, product: str, quantity: object, stage: str) -> Record:
    values = {"product": product, "quantity": quantity, "stage": stage}
    fields = tuple(a_field(name, value) for name, value in values.items())
    return Record("opportunity", f"O-{number}", f"{product} 项目", fields)


stages = st.sampled_from(["线索", "方案", "报价", "谈判", "赢单", "输单", "另一家系统的阶段"])
deals = st.builds(
    a_deal,
    st.integers(1, 9),
    st.sampled_from(["", "X200", "旧型号"]),
    st.sampled_from([None, 20, "20"]),
    stages,
)
accounts = st.builds(
    lambda records, tier: Account(
        AccountId("A-1"), "华东仁和医疗科技有限公司", "华东仁和", "zhangsan", "medical",
        (a_field("tier", tier), a_field("payment_days", 45)),
        (Contact("C-1", "王建国", "设备科主任"),), tuple({one.id: one for one in records}.values()),
    ),
    st.lists(deals, max_size=3),
    st.sampled_from(["VIP", "A"]),
)  # fmt: skip
words = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=7).map("".join),
    st.sampled_from([text for info in TAXONOMY.intents.values() for text in info.examples]),
    st.text(min_size=1, max_size=40),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    intent=st.sampled_from(sorted(TAXONOMY.intents)),
    speaker=st.sampled_from(Speaker),
    text=words,
    account=accounts,
)
@pytest.mark.parametrize("catalog", [CATALOG, {}], ids=["catalogue", "no catalogue"])
def test_every_proposal_is_sound(
    catalog: dict, intent: str, speaker: Speaker, text: str, account: Account
) -> None:
    proposals = propose(Intent(intent), a_case(text, intent, account, speaker, catalog))
    assert len({one.kind for one in proposals}) == len(proposals) <= MOST
    for proposal in proposals:
        action = by_name(proposal.kind)
        assert json.loads(json.dumps(dict(proposal.params))) == dict(proposal.params)
        assert all(value for pair in action.describe(proposal.params) for value in pair)
        form = action.form(proposal.params)
        assert len({field.name for field in form}) == len(form)
        if not proposal.missing:
            assert action.Params.model_validate(dict(proposal.params)).plain() == proposal.params
            assert action.parse(filled(form), proposal.params) == proposal.params
