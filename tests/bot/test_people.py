"""Who speaks, found by a platform's id in any spelling, and whose cards are theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update
from sqlmodel import col

from bot import people
from bot.conversation import UserId
from bot.errors import InvalidInput, NotFound
from bot.people import Person, Role, may_see
from bot.store import Store
from bot.tables import UserRow


@pytest.mark.parametrize(
    ("channel", "address", "who"),
    [
        ("wecom", "ZhangSan", "zhangsan"),
        ("wecom", "zhangsan", "zhangsan"),
        ("wecom", "ZHANGSAN", "zhangsan"),
        ("dingtalk", "lisi", "lisi"),
        ("sim", "chenjing", "chenjing"),
        ("wecom", "admin", None),
        ("wecom", "", None),
        ("wecom", "ZhangSan ", None),
        ("wecom", "%", None),
    ],
)
def test_a_platforms_id_means_one_person_or_nobody(
    store: Store, channel: str, address: str, who: str | None
) -> None:
    with store.look() as session:
        found = people.by_address(session, channel, address)
    assert (found.id if found else None) == who


def test_a_person_comes_back_as_they_were_added(store: Store, team: dict[str, Person]) -> None:
    with store.look() as session:
        assert people.by_id(session, "zhangsan") == team["zhangsan"]
        assert people.everyone(session) == sorted(team.values(), key=lambda person: person.id)
        assert [person.id for person in people.admins(session)] == ["admin"]


def test_somebody_who_left_is_nobody_to_a_platform_and_may_nothing(
    store: Store, team: dict[str, Person]
) -> None:
    with store.begin() as session:
        session.execute(update(UserRow).where(col(UserRow.id) == "chenjing").values(active=False))
    with store.look() as session:
        assert people.by_address(session, "wecom", "ChenJing") is None
        left = people.by_id(session, "chenjing")  # still named on old cards
    assert (left.name, left.may_decide_for(team["zhangsan"]), may_see(left, team["zhangsan"])) == (
        "陈静",
        False,
        False,
    )


def test_an_unknown_user_is_not_found(store: Store) -> None:
    with store.look() as session, pytest.raises(NotFound, match="yiju users list"):
        people.by_id(session, "nobody")


@pytest.mark.parametrize("spelling", ["ZhangSan", "zhangsan"])
def test_an_id_that_belongs_to_somebody_else_is_refused(store: Store, spelling: str) -> None:
    newcomer = Person(UserId("zhangsan2"), "张三", Role.REP, wecom=spelling)
    with (
        pytest.raises(InvalidInput, match=r"企业微信 ID .* 已经是 .*\(zhangsan\)的"),
        store.begin() as session,
    ):
        people.add(session, newcomer)


def test_the_id_of_somebody_who_left_is_refused_with_a_reason_too(store: Store) -> None:
    with store.begin() as session:
        session.execute(update(UserRow).where(col(UserRow.id) == "lisi").values(active=False))
    with pytest.raises(InvalidInput, match=r"已经是 .*\(lisi\)的"), store.begin() as session:
        people.add(session, Person(UserId("lisi2"), "李四", Role.REP, wecom="LiSi"))


def test_a_manager_has_to_be_there_first(store: Store) -> None:
    with pytest.raises(InvalidInput, match="请先新增主管"), store.begin() as session:
        people.add(session, Person(UserId("zhaoliu"), "赵六", Role.REP, UserId("nobody")))


def test_adding_somebody_again_changes_them(store: Store, team: dict[str, Person]) -> None:
    changed = replace(team["zhangsan"], name="张三丰", dingtalk=None)
    with store.begin() as session:
        people.add(session, changed)
    with store.look() as session:
        assert people.by_id(session, "zhangsan") == changed


def test_the_channel_somebody_spoke_on_last_is_remembered(store: Store, team: dict[str, Person]) -> None:
    with store.begin() as session:
        people.remember_channel(session, team["zhangsan"], "dingtalk")
    with store.look() as session:
        assert people.by_id(session, "zhangsan").last_channel == "dingtalk"


@pytest.mark.parametrize(
    ("who", "owner", "decide", "see"),
    [
        ("zhangsan", "zhangsan", True, True),
        ("chenjing", "zhangsan", True, True),
        ("lisi", "zhangsan", False, False),
        ("zhangsan", "chenjing", False, False),
        ("sunli", "zhangsan", False, False),
        ("admin", "zhangsan", False, True),
    ],
)
def test_who_may_decide_and_who_may_see(
    team: dict[str, Person], who: str, owner: str, decide: bool, see: bool
) -> None:
    assert team[who].may_decide_for(team[owner]) is decide
    assert may_see(team[who], team[owner]) is see


def test_a_customer_nobody_owns_is_seen_by_admins_only(team: dict[str, Person]) -> None:
    assert {person.id for person in team.values() if may_see(person, None)} == {"admin"}


def test_a_rep_who_is_named_as_manager_without_the_role_may_not_decide(team: dict[str, Person]) -> None:
    pretender = replace(team["lisi"], role=Role.REP)
    assert not pretender.may_decide_for(replace(team["zhangsan"], manager=UserId("lisi")))
