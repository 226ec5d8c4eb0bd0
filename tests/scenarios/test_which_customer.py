"""Whose words are these? By name, alias or contact; asked where two fit; never another rep's customer."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import ServingClassifier
from bot.decision import State
from bot.tables import ActionRow, DecisionRow
from intents import Reading
from prompts import phrase
from tests.fakes.product import Product

ASKS = "你们X200多少钱一台"
HOSPITAL, RENHE = "望潮三院", "华东仁和"


async def customers(product: Product, *texts: str, rep: str = "zhangsan") -> list[str]:
    for text in texts:
        await product.hears(rep, text)
    return [product.decision(card).customer_name for card in product.open_cards(rep)]


async def test_a_title_that_fits_several_contacts_is_asked_about(product: Product) -> None:
    assert await customers(product, f"客户王主任说:{ASKS}") == []
    question = product.words("zhangsan")[-1]
    assert "是哪位客户" in question
    assert f"1. {RENHE}医疗科技有限公司" in question
    assert "2. 望潮市第三人民医院" in question


async def test_a_number_answers_and_the_words_that_waited_become_the_card(product: Product) -> None:
    assert await customers(product, f"客户王主任说:{ASKS}", "2") == [HOSPITAL]
    assert product.decision(product.cards("zhangsan")[0]).words == ASKS


async def test_a_name_answers_as_well(product: Product) -> None:
    assert await customers(product, f"客户王主任说:{ASKS}", HOSPITAL) == [HOSPITAL]


async def test_other_words_instead_of_an_answer_are_worked_as_they_are(product: Product) -> None:
    assert await customers(product, f"客户王主任说:{ASKS}", f"客户{RENHE}说:质保几年") == [RENHE]


async def test_a_contact_stands_for_their_company(product: Product) -> None:
    assert await customers(product, f"客户刘慧敏说:{ASKS}") == [RENHE]


async def test_an_alias_and_the_full_name_are_the_same_customer(product: Product) -> None:
    named = [f"客户{name}说:{ASKS}" for name in ("仁和医疗", "华东仁和医疗科技有限公司")]
    assert await customers(product, *named) == [RENHE]
    assert len(product.cards("zhangsan")) == 2


async def test_a_contact_of_another_reps_customer_is_not_found_among_ones_own(product: Product) -> None:
    """顾总监 works for a customer of lisi; for zhangsan the name says nothing."""
    await product.hears("zhangsan", f"客户顾总监说:{ASKS}")
    (decision,) = product.decisions()
    assert decision.customer is None
    assert not decision.actions
    assert "苏州精模" not in str(decision)


async def test_the_conversation_remembers_its_customer(product: Product) -> None:
    assert await customers(product, RENHE) == []
    assert f"「{RENHE}」" in product.words("zhangsan")[-1]
    assert await customers(product, f"客户说:{ASKS}") == [RENHE]


async def test_after_a_working_day_the_customer_is_forgotten(product: Product) -> None:
    await product.hears("zhangsan", RENHE)
    product.pass_by(hours=9)
    assert await customers(product, f"客户说:{ASKS}") == [""]


async def test_words_without_a_customer_become_a_card_that_says_what_is_missing(product: Product) -> None:
    await product.hears("zhangsan", f"客户说:{ASKS}")
    decision = product.decision(product.cards("zhangsan")[0])
    assert decision.customer is None
    assert "没有说是哪位客户,所以没有查 CRM" in decision.rationale.unknowns


async def test_a_customers_name_alone_completes_the_open_card(product: Product) -> None:
    await product.hears("zhangsan", f"客户说:{ASKS}")
    assert await customers(product, RENHE) == [RENHE]
    first, second = product.cards("zhangsan")
    assert "已补上客户" in first.content["replace_text"]
    assert product.decision(second).words == ASKS
    assert product.decision(second).draft.actions
    assert [one.state for one in product.decisions()] == [State.SUPERSEDED, State.PROPOSED]


async def test_another_reps_customer_is_refused_and_nothing_of_it_is_told(product: Product) -> None:
    assert await customers(product, "客户苏州精模说:P60多少钱", "苏州精模什么等级") == []
    for words in product.words("zhangsan"):
        assert "「苏州精模」由李四负责" in words
        assert "设备采购合同" not in words
    assert product.count(DecisionRow) == 0


async def test_a_manager_may_ask_about_every_customer_of_the_team(product: Product) -> None:
    await product.hears("chenjing", "苏州精模什么等级")
    assert "苏州精模智造有限公司" in product.words("chenjing")[-1]


async def test_a_customer_that_the_crm_does_not_know_gets_a_card_that_says_so(product: Product) -> None:
    assert await customers(product, f"客户北方宏远公司说:{ASKS}") == ["北方宏远公司"]
    (card,) = product.cards("zhangsan")
    decision = product.decision(card)
    assert "CRM 里没有「北方宏远公司」" in decision.rationale.unknowns
    assert "18800" in decision.draft.text.replace(",", "")
    await product.taps(card, "确认")
    assert product.count(ActionRow) == 0


async def test_a_contract_of_one_customer_is_never_evidence_for_another(product: Product) -> None:
    await product.hears("lisi", "客户苏州精模说:你们质保几年,违约金怎么算")
    decision = product.decision(product.cards("lisi")[0])
    told = str(decision.rationale) + decision.draft.text
    assert "苏州精模设备采购合同" in told
    assert "华东仁和" not in told
    passages = [product.parts.library.passage(one.ref) for one in decision.rationale.reasons if one.ref]
    assert {one.customer for one in passages if one} <= {None, decision.customer}


async def test_words_are_read_as_of_the_customers_industry(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    served = ServingClassifier.read

    def read(self: ServingClassifier, text: str, **how: Any) -> Reading:
        heard.append(how["industry"])
        return served(self, text, **how)

    monkeypatch.setattr(ServingClassifier, "read", read)
    await customers(product, f"客户{RENHE}说:{ASKS}")
    assert heard == ["medical"]


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("再要一个水平转子能配现在这台吗", "technical_inquiry"),  # 再要 beside a question buys nothing
        (
            "X200带制冷吗,质保几年,50台什么价",
            "quote_request",
        ),  # a price asked beside questions is still asked
    ],
)
async def test_of_a_hospitals_words_a_question_promises_nothing_and_a_price_is_answered(
    product: Product, words: str, intent: str
) -> None:
    await product.hears("zhangsan", f"客户{RENHE}说:{words}")
    (card,) = product.open_cards("zhangsan")
    assert product.decision(card).intent == intent


STRANGE = "受台风外围影响,渔港今晚封闭,气象台提醒市民不要前往海堤观潮,轮渡和跨海大桥的公交同时停运"


async def test_strangers_words_are_said_to_be_out_of_scope_and_nothing_is_proposed(product: Product) -> None:
    await product.hears("zhangsan", f"客户{RENHE}说:{STRANGE}")
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert (decision.intent, decision.draft.actions) == (None, ())
    assert phrase("reason_out_of_scope") in [reason.text for reason in decision.rationale.reasons]


async def test_a_rep_who_says_strange_words_gets_words_back_and_no_card(product: Product) -> None:
    await product.hears("zhangsan", "Der Zug nach Hamburg hat heute leider vierzig Minuten Verspätung")
    assert product.cards("zhangsan") == []
    assert product.words("zhangsan")[-1] == phrase("rep_out_of_scope")


async def test_a_customer_who_is_named_later_has_their_words_read_again_as_of_their_industry(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str]] = []
    served = ServingClassifier.read

    def read(self: ServingClassifier, text: str, **how: Any) -> Reading:
        heard.append((text, how["industry"]))
        return served(self, text, **how)

    monkeypatch.setattr(ServingClassifier, "read", read)
    await product.hears("zhangsan", f"客户说:{ASKS}", RENHE)
    assert heard == [(ASKS, ""), (ASKS, "medical")]
    named = product.decision(product.cards("zhangsan")[-1])
    assert named.reading == product.parts.registry.serving().read(ASKS, industry="medical")


async def test_what_a_rep_said_is_meant_stands_when_the_customer_is_named(product: Product) -> None:
    await product.hears("zhangsan", f"客户说:{ASKS}")
    await product.taps(product.cards("zhangsan")[-1], "修正", choice="contract_terms")
    await product.hears("zhangsan", RENHE)
    named = product.decision(product.cards("zhangsan")[-1])
    assert (named.customer_name, named.intent) == (RENHE, "contract_terms")
