"""Money, dates, delivery and warranty name their source, or they do not go out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.citing import cite, uncited
from bot.grounding import Source, Sources
from eval.suites.drafts_citing import judge, read, run

PRICES = Source("型号：X200；单价（元）：18800；50台起：16544", "《产品价格表》第1页")
TERMS = Source("质保期为 36 个月。质保期内免费维修，到场响应时间为 8 小时。", "《框架采购合同》第六条")
POLICY = Source("整机质保期 36 个月。", "《售后服务政策》1.1")
ORDER = Source("X350 2台 状态 已发货 发货日期 2026-11-18", "内置CRM·订单")
SOURCES = Sources.of([PRICES, TERMS, ORDER], "我们要30台")


@pytest.mark.parametrize(
    ("sentence", "cited"),
    [
        ("X200 单价 18800 元。", "X200 单价 18800 元(《产品价格表》第1页)。"),
        ("质保三年!", "质保三年(《框架采购合同》第六条)!"),
        ("质保期内免费维修", "质保期内免费维修(《框架采购合同》第六条)"),
        ("货在11月18日发出。", "货在11月18日发出(内置CRM·订单)。"),
        ("单价 18800 元,质保 36 个月。", "单价 18800 元,质保 36 个月(《产品价格表》第1页;《框架采购合同》第六条)。"),
    ],
)  # fmt: skip
def test_the_one_source_that_says_it_is_named(sentence: str, cited: str) -> None:
    assert (cite(sentence, SOURCES).text, cite(sentence, SOURCES).removed) == (cited, ())


@pytest.mark.parametrize(
    "sentence",
    [
        "您要的 30 台我整理报价单。",
        "X200 单价 18800 元(《产品价格表》第1页)。",
        "X200 单价 18800 元。(《产品价格表》第1页)",
        "按《框架采购合同》第六条,质保 36 个月。",
        "质保期内免费维修。8 小时到场(《框架采购合同》第六条)。",
        "“质保 36 个月吗”我核实后尽快回复您。",
    ],
)
def test_what_names_its_source_or_promises_nothing_stays_as_it_is(sentence: str) -> None:
    assert (cite(sentence, SOURCES).text, cite(sentence, SOURCES).removed) == (sentence, ())


@pytest.mark.parametrize(
    "sentence",
    [
        "X200 单价 18800 元(《框架采购合同》第六条)。",
        "X200 单价 18800 元(《产品价格表》第9页)。",
        "X200 单价 18800 元(《底价表》)。",
        "货在11月18日发出(内置CRM·应收)。",
        "质保 5 年。",
    ],
)
def test_a_source_that_says_no_such_thing_does_not_help(sentence: str) -> None:
    assert cite(f"{sentence}收到。", SOURCES).removed == (sentence,)


def test_where_two_sources_could_be_meant_the_sentence_goes() -> None:
    two = Sources.of([TERMS, POLICY])
    assert cite("质保 36 个月。收到。", two).text == "收到。"
    assert cite("质保 36 个月(《售后服务政策》1.1)。", two).removed == ()


def test_a_source_without_a_name_cannot_be_cited() -> None:
    assert cite("质保 36 个月。", Sources.of([TERMS.text])).text == ""


def test_a_person_is_told_which_source_could_be_named_and_what_has_none() -> None:
    wrote = "X200 单价 18800 元。质保 5 年。收到。"
    assert uncited(wrote, SOURCES) == [("质保 5 年。", ""), ("X200 单价 18800 元。", "《产品价格表》第1页")]


@given(st.text(alphabet="X200质保免费元台月年到货,。\n 18《》(6)", max_size=60))
def test_what_was_cited_stays_as_it_is(draft: str) -> None:
    once = cite(draft, SOURCES).text
    assert (cite(once, SOURCES).text, cite(once, SOURCES).removed) == (once, ())


def test_the_authored_drafts_are_split_in_halves_with_ids_of_their_own() -> None:
    cases = read()
    assert len({case.id for case in cases}) == len(cases)
    assert sum(len(case.sentences) for case in cases) >= 90
    assert {one.wanted for case in cases for one in case.sentences} == {"as_is", "cited", "removed"}


@pytest.mark.parametrize("split", ["dev", "test"])
def test_authored_drafts_are_cited_and_no_wrong_source_is_named(split: str) -> None:
    report = run(split)
    assert sum(one.right for one in report.judged) / len(report.judged) >= 0.9
    assert all(one.right for one in report.judged if one.done == "cited")


def test_what_is_judged_right_has_the_right_source() -> None:
    case = next(case for case in read() if case.sentences[0].wanted == "cited")
    wrong = case.model_copy(
        update={"sentences": (case.sentences[0].model_copy(update={"cite": ("《别的》",)}),)}
    )
    assert [one.right for one in judge(wrong)] == [False]
