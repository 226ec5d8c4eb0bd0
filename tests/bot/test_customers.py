"""Which customer is meant, and whether this person may know."""

from __future__ import annotations

import pytest

from bot import people
from bot.customers import Customers, Directory, Meant, looks_like_company, reported, sight
from bot.people import Person
from bot.store import Store
from crm_bridge import AccountId, AccountName, NameIndex

RENHE = AccountName(
    AccountId("A-1"), "华东仁和医疗科技有限公司", "zhangsan", ("华东仁和", "仁和医疗", "仁和"), ("王建国",)
)
RENJI = AccountName(AccountId("A-2"), "华东仁济供应链有限公司", "wangwu", ("华东仁济", "仁济"))
JINGMO = AccountName(AccountId("A-3"), "苏州精模智造有限公司", "lisi", ("苏州精模", "精模"))
HAIYUN = AccountName(AccountId("A-4"), "宁波海运物流有限公司", "zhangsan", ("宁波海运", "海运"))
HAIYUE = AccountName(AccountId("A-5"), "上海海运科技有限公司", "zhangsan", ("上海海运", "海运"))
ALL = (RENHE, RENJI, JINGMO, HAIYUN, HAIYUE)


def directory(owner: str = "zhangsan") -> Directory:
    visible = frozenset(one.id for one in ALL if one.owner == owner)
    return Directory(NameIndex(ALL), visible, {one.id: one for one in ALL})


@pytest.mark.parametrize(
    "words", ["华东仁和医疗科技有限公司的订单", "华东仁和什么等级", "仁和医疗 X200 报价", "仁和那边怎么样"]
)
def test_a_customer_is_known_by_full_name_short_name_and_alias(words: str) -> None:
    assert directory().meant(words) == Meant(account=RENHE)


def test_a_name_that_fits_several_of_ones_own_asks_which() -> None:
    assert set(directory().meant("海运要报价").choices) == {HAIYUN, HAIYUE}


def test_another_reps_customer_is_forbidden_and_not_shown() -> None:
    assert directory().meant("苏州精模什么等级") == Meant(forbidden=JINGMO)
    assert directory("lisi").meant("苏州精模什么等级") == Meant(account=JINGMO)


def test_the_first_place_that_names_one_counts() -> None:
    assert directory().meant("没有名字", "宁波海运的合同", "华东仁和").account == HAIYUN


def test_a_name_in_front_of_quoted_words_comes_first() -> None:
    assert directory().meant("宁波海运的合同", hint="华东仁和").account == RENHE


def test_words_that_name_nobody_mean_nobody() -> None:
    assert directory().meant("X200 多少钱").nobody


def test_a_company_that_nobody_knows_is_kept_by_name() -> None:
    meant = directory().meant("报个价", hint="北京远航医院")
    assert (meant.account, meant.unknown) == (None, "北京远航医院")


def test_a_near_name_is_offered_only_among_ones_own() -> None:
    meant = directory().meant("报个价", hint="宁波海云物流有限公司")
    assert HAIYUN in meant.near
    assert directory("lisi").meant("报个价", hint="宁波海云物流有限公司").near == ()


@pytest.mark.parametrize("name", ["华南宏远", "协和医院", "顺达物流", "某某研究院"])
def test_a_name_like_a_companys_is_one(name: str) -> None:
    assert looks_like_company(name)


@pytest.mark.parametrize("name", ["王总", "李经理", "欧阳先生", "王小姐"])
def test_a_persons_name_is_no_company(name: str) -> None:
    assert not looks_like_company(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("华东仁和问X200带制冷吗", "X200带制冷吗"),
        ("华东仁和王总说，价格太高了", "价格太高了"),
        ("华东仁和那边刚刚又问：交期多久", "交期多久"),
        ("华东仁和今天反馈设备报E03", "设备报E03"),
        ("华东仁和投诉噪声太大", "噪声太大"),
    ],
)
def test_words_told_without_a_mark_are_the_customers(text: str, words: str) -> None:
    assert reported(text, directory().find(text)) == words


@pytest.mark.parametrize(
    "text", ["华东仁和什么等级", "华东仁和问过什么", "帮我记一下华东仁和说要来", "X200带制冷吗"]
)
def test_a_reps_own_words_are_told_of_nobody(text: str) -> None:
    assert reported(text, directory().find(text)) == ""


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        ("zhangsan", {"zhangsan"}),
        ("lisi", {"lisi"}),
        ("chenjing", {"zhangsan", "lisi", "chenjing"}),
        ("sunli", {"sunli"}),
        ("admin", {"zhangsan", "lisi", "chenjing", "sunli", "admin", "nobody"}),
    ],
)
def test_a_rep_sees_own_customers_a_manager_the_teams_an_admin_all(
    store: Store, team: dict[str, Person], viewer: str, sees: set[str]
) -> None:
    with store.look() as session:
        may_see = sight(session, team[viewer])
    assert {one for one in (*team, "nobody") if may_see(one)} == sees


def test_a_rep_who_left_sees_nothing(store: Store, team: dict[str, Person]) -> None:
    from dataclasses import replace

    with store.begin() as session:
        people.add(session, replace(team["zhangsan"], active=False))
    with store.look() as session:
        assert not sight(session, people.by_id(session, "zhangsan"))("zhangsan")


class Crm:
    name = "fake"

    def __init__(self) -> None:
        self.accounts: tuple[AccountName, ...] = ALL

    async def directory(self) -> tuple[AccountName, ...]:
        return self.accounts


async def test_the_name_index_is_built_once_until_the_crm_changes(team: dict[str, Person]) -> None:
    crm = Crm()
    customers = Customers(crm)  # type: ignore[arg-type]
    first = await customers.of(team["zhangsan"], lambda owner: owner == "zhangsan")
    again = await customers.of(team["lisi"], lambda owner: owner == "lisi")
    assert again.index is first.index
    assert sorted(first.visible) == ["A-1", "A-4", "A-5"]
    assert sorted(again.visible) == ["A-3"]
    crm.accounts = (*ALL, AccountName(AccountId("A-9"), "新客户有限公司", "zhangsan"))
    fresh = await customers.of(team["zhangsan"], lambda owner: owner == "zhangsan")
    assert fresh.meant("新客户有限公司").account is not None
