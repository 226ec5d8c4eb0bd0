"""Customers are found in a sentence by name, alias or contact; the longest match wins."""

from __future__ import annotations

import pytest

from crm_bridge import AccountId, AccountName, NameIndex, called, unique

RENHE = AccountName(
    AccountId("A-1"), "华东仁和医疗科技有限公司", "zhangsan", ("华东仁和", "仁和"), ("王建国|设备科主任",)
)
RENJI = AccountName(AccountId("A-2"), "华东仁济供应链有限公司", "wangwu", ("华东仁济",), ("王强|采购主任",))
ABB = AccountName(AccountId("A-3"), "ABB 传动有限公司", "lisi", ("ABB",))
INDEX = NameIndex([RENHE, RENJI, ABB])


def ids(sentence: str, scope: frozenset[str] | None = None) -> list[str]:
    return [account.id for account in unique(INDEX.find(sentence, scope))]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("华东仁和什么等级", ["A-1"]),
        ("仁和医疗科技那边催发货", ["A-1"]),
        ("华东仁和医疗科技有限公司的合同", ["A-1"]),
        ("华东仁济和华东仁和都要报价", ["A-2", "A-1"]),
        ("给王建国回个电话", ["A-1"]),
        ("这家谁在跟", []),
    ],
)
def test_a_customer_is_found_by_whatever_people_call_it(sentence: str, found: list[str]) -> None:
    assert ids(sentence) == found


def test_the_longest_name_is_the_match() -> None:
    [match] = INDEX.find("问下华东仁和医疗科技有限公司的交期")
    assert (match.text, match.start, match.by) == ("华东仁和医疗科技有限公司", 2, "name")


def test_full_width_and_case_make_no_difference_and_positions_hold() -> None:
    [match] = INDEX.find("ａｂｂ要报价")
    assert (match.accounts, match.start, match.end) == ((ABB,), 0, 3)


@pytest.mark.parametrize("sentence", ["ABBOTT 的报价", "XABB", "型号ABB2"])
def test_a_latin_name_is_not_found_inside_a_longer_word(sentence: str) -> None:
    assert ids(sentence) == []


@pytest.mark.parametrize("sentence", ["ABB的报价", "找ABB,", "ABB"])
def test_a_latin_name_is_found_beside_chinese(sentence: str) -> None:
    assert ids(sentence) == ["A-3"]


def test_a_contact_that_two_customers_share_is_ambiguous_until_the_scope_is_known() -> None:
    assert ids("王主任说可以") == ["A-1", "A-2"]
    assert ids("王主任说可以", frozenset({"A-2"})) == ["A-2"]


def test_a_name_counts_more_than_a_contact_of_somebody_else() -> None:
    assert ids("华东仁济的王建国") == ["A-2"]


def test_a_slip_of_one_character_brings_a_suggestion() -> None:
    assert INDEX.suggest("华东人和") == (RENHE,)
    assert INDEX.suggest("完全不同") == ()


@pytest.mark.parametrize(
    ("name", "title", "short"),
    [
        ("王建国", "设备科主任", "王主任"),
        ("周敏", "总经理", "周总"),
        ("周敏", "副总", "周总"),
        ("赵磊", "董事长", "赵董"),
        ("李伟", "高级工程师", "李工"),
        ("钱多", "", None),
        ("", "主任", None),
    ],
)
def test_people_are_called_by_family_name_and_post(name: str, title: str, short: str | None) -> None:
    assert called(name, title) == short
