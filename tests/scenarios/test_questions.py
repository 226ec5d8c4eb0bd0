"""A rep's own questions are answered at once with their source; nothing is proposed, nothing is written."""

from __future__ import annotations

import pytest

from bot.tables import DecisionRow, TurnRow
from tests.fakes.product import ASKED, Product


@pytest.mark.parametrize(
    ("question", "answer", "source"),
    [
        ("华东仁和什么等级", "VIP", "内置CRM"),
        ("X200最高转速多少", "16500", "《"),
        ("E03什么意思", "不平衡", "《X系列离心机用户手册》"),
        ("华东仁和最近下过什么单", "X200 12台", "内置CRM"),
    ],
)
async def test_a_reps_question_is_answered_at_once_with_its_source(
    product: Product, question: str, answer: str, source: str
) -> None:
    await product.hears("zhangsan", question)
    (words,) = product.words("zhangsan")
    assert answer in words.replace(",", "")
    assert source in words
    assert product.cards("zhangsan") == []
    assert product.count(DecisionRow) == 0
    (turn,) = product.rows(TurnRow)
    assert turn.outcome == "answered"
    assert answer in turn.answer.replace(",", "")


async def test_a_comparison_is_kept_as_a_table_and_read_in_lines_where_the_chat_shows_none(
    product: Product,
) -> None:
    await product.hears("zhangsan", "X200 和 X350 差在哪")
    lines = [line for words in product.words("zhangsan") for line in words.splitlines()]
    assert "· 最高转速:X200 16500 r/min;X350 4500 r/min" in lines
    assert lines[-1].startswith("> 《")
    assert not any(line.startswith("|") for line in lines)
    (turn,) = product.rows(TurnRow)
    assert "| 最高转速 | 16500 r/min | 4500 r/min |" in turn.answer.splitlines()


async def test_a_question_about_an_alarm_code_is_answered_in_the_middle_of_another_matter(
    product: Product,
) -> None:
    await product.hears("zhangsan", ASKED)
    await product.hears("zhangsan", "E03什么意思")
    assert "不平衡" in product.words("zhangsan")[-1]
    assert len(product.open_cards("zhangsan")) == 1


async def test_a_question_without_a_customer_asks_whose_and_then_answers(product: Product) -> None:
    await product.hears("zhangsan", "这个客户什么等级")
    assert "哪位客户" in product.words("zhangsan")[-1]
    await product.hears("zhangsan", "华东仁和")
    assert "VIP" in product.words("zhangsan")[-1]


async def test_a_question_that_no_document_answers_is_said_to_be_one(product: Product) -> None:
    await product.hears("zhangsan", "X200能不能在月球上用")
    (words,) = product.words("zhangsan")
    assert "没有找到" in words or "《" in words
    assert product.count(DecisionRow) == 0


async def test_an_order_to_write_something_down_comes_as_a_card(product: Product) -> None:
    await product.hears("zhangsan", "帮我记一下:华东仁和下周三下午两点来看样机")
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert decision.customer_name == "华东仁和"
    assert decision.draft.actions
