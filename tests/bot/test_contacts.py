"""Which customer an external contact is: one person's word, kept with its history, nobody else's to change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlmodel import Session

from bot import contacts, journal
from bot.contacts import Whose, forget, offered, say_whose, whose
from bot.customers import Directory
from bot.errors import InvalidInput, NotAllowed
from bot.people import Person
from bot.store import Store
from crm_bridge import AccountId, AccountName, NameIndex
from crm_bridge.identity import history
from tests.fakes.clock import Clock

HUADONG = AccountName(
    AccountId("A-1"), "华东仁和医疗科技有限公司", "zhangsan", ("华东仁和",), ("王建国|主任",)
)
SUZHOU = AccountName(AccountId("A-2"), "苏州恒瑞机械有限公司", "zhangsan", ("苏州恒瑞",))
NINGBO = AccountName(AccountId("A-3"), "宁波港城物流有限公司", "lisi", ("宁波港城",))
EVERYBODY = (HUADONG, SUZHOU, NINGBO)


def directory(*visible: AccountName, known: Sequence[AccountName] = EVERYBODY) -> Directory:
    return Directory(NameIndex(known), frozenset(one.id for one in visible), {one.id: one for one in known})


ZHANGSANS, LISIS = directory(HUADONG, SUZHOU), directory(NINGBO)


@pytest.fixture
def zhangsan(team: dict[str, Person]) -> Person:
    return team["zhangsan"]


@pytest.fixture
def lisi(team: dict[str, Person]) -> Person:
    return team["lisi"]


def journaled(session: Session) -> list[tuple[str, str]]:
    return [(line.who, line.subject) for line in journal.lines(session) if line.what == "ContactLinked"]


def test_a_contact_is_nobodys_until_somebody_says_whose(store: Store, clock: Clock, zhangsan: Person) -> None:
    with store.begin() as session:
        assert whose(session, "wm1", ZHANGSANS) == Whose()
        assert say_whose(session, "wm1", "A-1", ZHANGSANS, zhangsan, clock()) == HUADONG
    with store.look() as session:
        assert whose(session, "wm1", ZHANGSANS) == Whose(HUADONG)
        assert whose(session, "wm2", ZHANGSANS) == Whose()
        assert journaled(session) == [("zhangsan", "contact-of:A-1")]


def test_another_rep_learns_only_who_looks_after_them(store: Store, clock: Clock, zhangsan: Person) -> None:
    with store.begin() as session:
        say_whose(session, "wm1", "A-1", ZHANGSANS, zhangsan, clock())
        assert whose(session, "wm1", LISIS) == Whose(owner="张三")


def test_who_may_see_the_customer_may_say_otherwise_and_the_history_stays(
    store: Store, clock: Clock, zhangsan: Person
) -> None:
    with store.begin() as session:
        for account in ("A-1", "A-2"):
            say_whose(session, "wm1", account, ZHANGSANS, zhangsan, clock.advance(minutes=1))
        moves = [(one.before, one.after, one.who) for one in history(session, contacts.SYSTEM, "wm1")]
        assert moves == [("", "A-1", "zhangsan"), ("A-1", "A-2", "zhangsan")]
        assert whose(session, "wm1", ZHANGSANS) == Whose(SUZHOU)


@pytest.mark.parametrize("account", ["A-3", "A-99", ""])
def test_only_ones_own_customers_can_be_said(
    store: Store, clock: Clock, zhangsan: Person, account: str
) -> None:
    with store.begin() as session:
        with pytest.raises(NotAllowed):
            say_whose(session, "wm1", account, ZHANGSANS, zhangsan, clock())
        assert journaled(session) == []


def test_nobody_takes_another_reps_contact(
    store: Store, clock: Clock, zhangsan: Person, lisi: Person
) -> None:
    with store.begin() as session:
        say_whose(session, "wm1", "A-1", ZHANGSANS, zhangsan, clock())
        with pytest.raises(NotAllowed, match="张三"):
            say_whose(session, "wm1", "A-3", LISIS, lisi, clock())
        assert whose(session, "wm1", ZHANGSANS) == Whose(HUADONG)


def test_a_contact_of_a_customer_that_is_gone_is_nobodys_again(
    store: Store, clock: Clock, zhangsan: Person, lisi: Person
) -> None:
    left = directory(NINGBO, known=(SUZHOU, NINGBO))
    with store.begin() as session:
        say_whose(session, "wm1", "A-1", ZHANGSANS, zhangsan, clock())
        assert whose(session, "wm1", left) == Whose()
        say_whose(session, "wm1", "A-3", left, lisi, clock())
        assert whose(session, "wm1", left) == Whose(NINGBO)


def test_a_forgotten_customers_contacts_are_nobodys_and_the_journal_holds(
    store: Store, clock: Clock, zhangsan: Person
) -> None:
    with store.begin() as session:
        say_whose(session, "wmSecret", "A-1", ZHANGSANS, zhangsan, clock())
        say_whose(session, "wm2", "A-2", ZHANGSANS, zhangsan, clock())
    with store.begin() as session:
        assert forget(session, "A-1") == 1
        assert (whose(session, "wmSecret", ZHANGSANS), whose(session, "wm2", ZHANGSANS)) == (
            Whose(),
            Whose(SUZHOU),
        )
        assert history(session, contacts.SYSTEM, "wmSecret") == []
    with store.look() as session:
        assert journal.verify(session) is None
        assert "wmSecret" not in str([line.model_dump() for line in journal.lines(session)])


def test_own_customers_are_offered_those_the_contact_speaks_for_first() -> None:
    assert offered(ZHANGSANS, "", ()) == (HUADONG, SUZHOU)
    assert offered(ZHANGSANS, "", ("苏州恒瑞",)) == (SUZHOU, HUADONG)
    assert offered(ZHANGSANS, "", ("宁波港城",)) == (HUADONG, SUZHOU)
    assert offered(ZHANGSANS, "恒瑞", ()) == (SUZHOU,)
    assert offered(ZHANGSANS, "宁波", ()) == ()


def test_of_many_customers_as_many_are_offered_as_one_can_look_through() -> None:
    many = [AccountName(AccountId(f"M-{number}"), f"公司{number:04d}", "zhangsan") for number in range(3000)]
    assert len(offered(directory(*many, known=many), "", ())) == contacts.MOST_OFFERED
    assert offered(directory(*many, known=many), "2999", ()) == (many[2999],)


@pytest.mark.parametrize("external", ["", "wm/1", "wm 1", "客户", "a" * 65, "wm1\n"])
def test_what_can_be_no_contact_is_refused(external: str) -> None:
    with pytest.raises(InvalidInput):
        contacts.checked(external)
