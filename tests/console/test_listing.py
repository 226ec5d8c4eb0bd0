"""Lists of decisions: who sees which, what narrows them, and what an export may not carry."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from bot import decisions, people, turns
from bot.confirmation import Move
from bot.console import listing
from bot.console.filtering import UNDECIDED, Filter, address_of, parse
from bot.console.teams import NOBODYS, members, teams
from bot.conversation import Turn, UserId
from bot.decision import DecisionId, Draft, State
from bot.people import Person, Role
from crm_bridge.contracts import FieldPolicy
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision
from tests.fakes.office import Office


def say(office: Office, key: str, words: str = "给个报价", **changes: object) -> None:
    """A decision with the turn that it came from."""
    decision = a_decision(id=DecisionId(key), turn=f"t-{key}", words=words, **changes)
    office.propose(decision)
    turn = Turn(
        decision.turn,
        decision.conversation,
        "sim",
        decision.rep,
        decision.speaker,
        words,
        decision.created_at,
    )
    with office.store.begin() as session:
        turns.add(session, turn, f"delivery-{key}", "card")


def ids(office: Office, viewer: Person, wanted: Filter | None = None, page: int = 0) -> list[str]:
    with office.store.look() as session:
        found = listing.find(session, viewer, wanted or Filter(), office.clock(), page)
    return [one.id for one in found.decisions]


def test_a_manager_sees_the_team_a_rep_own_and_a_trainer_none(
    office: Office, team: dict[str, Person]
) -> None:
    with office.store.begin() as session:
        people.add(session, replace(team["lisi"], manager=None))
    say(office, "d1")
    say(office, "d2", rep="lisi", created_at=START + timedelta(minutes=1))
    seen = {name: ids(office, team[name]) for name in ("chenjing", "zhangsan", "sunli", "admin")}
    assert seen == {"chenjing": ["d1"], "zhangsan": ["d1"], "sunli": [], "admin": ["d2", "d1"]}


def two_teams(office: Office, team: dict[str, Person]) -> None:
    """李四 works for 刘洋, 王五 for nobody; everybody has one card."""
    with office.store.begin() as session:
        people.add(session, Person(UserId("liuyang"), "刘洋", Role.MANAGER))
        people.add(session, replace(team["lisi"], manager=UserId("liuyang")))
        people.add(session, Person(UserId("wangwu"), "王五", Role.REP))
    for number, rep in enumerate(("zhangsan", "chenjing", "lisi", "wangwu")):
        say(office, rep, rep=rep, created_at=START - timedelta(minutes=number))


def test_a_team_is_its_manager_and_whose_manager_that_is(office: Office, team: dict[str, Person]) -> None:
    two_teams(office, team)
    found = {
        one: ids(office, team["admin"], Filter(team=one)) for one in ("chenjing", "liuyang", NOBODYS, "")
    }
    assert found == {
        "chenjing": ["zhangsan", "chenjing"],
        "liuyang": ["lisi"],
        NOBODYS: ["wangwu"],
        "": ["zhangsan", "chenjing", "lisi", "wangwu"],
    }
    with office.store.look() as session:
        assert members(session, "liuyang") == {"liuyang", "lisi"}


def test_naming_another_team_shows_a_manager_nothing_of_it(office: Office, team: dict[str, Person]) -> None:
    two_teams(office, team)
    assert ids(office, team["chenjing"], Filter(team="liuyang")) == []
    assert ids(office, team["zhangsan"], Filter(team="chenjing")) == ["zhangsan"]


def test_only_who_sees_several_teams_may_choose_among_them(office: Office, team: dict[str, Person]) -> None:
    two_teams(office, team)
    with office.store.look() as session:
        known = {name: teams(session, team[name]) for name in ("admin", "chenjing", "zhangsan", "sunli")}
    assert known == {
        "admin": {"liuyang": "刘洋的团队", "chenjing": "陈静的团队", NOBODYS: "没有上级的销售"},
        "chenjing": {"chenjing": "陈静的团队"},
        "zhangsan": {},
        "sunli": {},
    }


def test_one_decision_of_another_team_is_as_good_as_none(office: Office, team: dict[str, Person]) -> None:
    say(office, "d1", rep="lisi")
    with office.store.look() as session:
        assert listing.open_one(session, team["zhangsan"], "d1") is None
        assert listing.open_one(session, team["chenjing"], "d1") is not None


def test_words_are_found_as_they_were_said_and_a_percent_sign_is_one(
    office: Office, team: dict[str, Person]
) -> None:
    say(office, "d1", "打九折,也就是10%可以吗")
    say(office, "d2", "100台几天到")
    viewer = team["chenjing"]
    assert ids(office, viewer, Filter(words="10%")) == ["d1"]
    assert ids(office, viewer, Filter(words="几天")) == ["d2"]
    assert ids(office, viewer, Filter(words="没人说过")) == []


def test_several_words_are_looked_for_one_by_one_in_words_and_customers(
    office: Office, team: dict[str, Person]
) -> None:
    say(office, "d1", "50台X200什么价", customer="ACC-1")
    say(office, "d2", "X200能带制冷吗", customer="ACC-2")
    found = {
        words: ids(office, team["chenjing"], Filter(words=words, customers=customers))
        for words, customers in (
            ("什么价 X200", {}),
            ("x200", {}),
            ("Ｘ２００ 制冷", {}),
            ("仁和 X200", {"仁和": ("ACC-1",)}),
            ("仁和 制冷", {"仁和": ("ACC-1",)}),
            ("d2", {}),
            (" ".join("能带制冷吗X200"), {}),
        )
    }
    assert found == {
        "什么价 X200": ["d1"],
        "x200": ["d1", "d2"],
        "Ｘ２００ 制冷": ["d2"],
        "仁和 X200": ["d1"],
        "仁和 制冷": [],
        "d2": ["d2"],
        "能 带 制 冷 吗 X 2 0 0": [],
    }


def test_pages_follow_each_other_without_a_gap(office: Office, team: dict[str, Person]) -> None:
    for number in range(listing.PAGE + 3):
        office.propose(
            a_decision(id=DecisionId(f"d{number:02d}"), created_at=START + timedelta(seconds=number))
        )
    pages = [*ids(office, team["chenjing"]), *ids(office, team["chenjing"], page=1)]
    assert pages == [f"d{number:02d}" for number in reversed(range(listing.PAGE + 3))]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(states=(State.DECLINED,)), ["d2"]),
        (Filter(outcomes=("declined",)), ["d2"]),
        (Filter(outcomes=("declined", "open")), ["d1", "d2", "d3"]),
        (Filter(needs_me=True), ["d1"]),
        (Filter(rep="lisi"), ["d3"]),
        (Filter(below=0.5), []),
        (Filter(since=date(2026, 11, 26), until=date(2026, 11, 26)), ["d1", "d2"]),
        (Filter(intent=UNDECIDED), []),
        (Filter(origin=listing.SAID), ["d1", "d2"]),
        (Filter(sign="own"), ["d2"]),
        (Filter(origin="event:order.cancelled"), ["d3"]),
    ],
)
def test_a_filter_narrows_the_list(
    office: Office, team: dict[str, Person], wanted: Filter, found: list[str]
) -> None:
    say(office, "d1")
    say(office, "d2")
    long_ago, gone = START - timedelta(days=3), START - timedelta(days=2)
    where = {"conversation": "event:order.cancelled:SO-1", "rep": "lisi"}
    say(office, "d3", created_at=long_ago, expires_at=gone, **where)
    office.tap(Move.DECLINE, decision="d2")
    assert sorted(ids(office, team["chenjing"], wanted)) == found


def test_an_address_says_what_a_list_is_narrowed_to_and_is_read_back() -> None:
    wanted = Filter(
        words="报价",
        rep="zhangsan",
        team="chenjing",
        customer="A-1",
        intent=UNDECIDED,
        states=(State.DECLINED, State.FAILED),
        since=date(2026, 11, 20),
        until=date(2026, 11, 26),
        below=0.7,
        needs_me=True,
        outcomes=("accepted", "edited"),
        became="complaint",
        origin="event:order.cancelled",
        sign="drift",
        changed="opportunity.create.amount",
        gap="0123456789ab",
        decided_from=START,
        decided_to=START + timedelta(seconds=1),
    )
    assert parse(address_of(wanted)) == wanted
    assert not address_of(Filter())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "gestern"),
        ("below", "viel"),
        ("below", ""),
        ("sign", "made-up"),
        ("outcome", "made-up"),
        ("state", "made-up,"),
        ("decided_from", "2026-11-26T07:04:00"),
        ("decided_to", "later"),
        ("page", "2"),
    ],
)
def test_a_value_that_means_nothing_narrows_nothing(name: str, value: str) -> None:
    assert parse({name: value}) == Filter()


def test_only_customers_of_decisions_that_one_may_see_are_met(
    office: Office, team: dict[str, Person]
) -> None:
    say(office, "d1", customer="A-1")
    say(office, "d2", customer="A-2", rep="lisi")
    with office.store.look() as session:
        asked = ["A-1", "A-2", "A-3"]
        assert listing.met(session, team["chenjing"], asked) == {"A-1", "A-2"}
        assert listing.met(session, team["zhangsan"], asked) == {"A-1"}


def exported(office: Office, viewer: Person) -> list[list[str]]:
    with office.store.look() as session:
        found = listing.every(session, viewer, Filter(), office.clock())
        content = listing.as_csv(listing.table(found, {}, {}, FieldPolicy(), viewer.role))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


RUNS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\x07=1+1",
    "\u200b=1",
    " =1",
    "\n=1",
    "＝1+1",
]


@pytest.mark.parametrize("cell", RUNS)
def test_an_exported_cell_never_becomes_a_formula(office: Office, team: dict[str, Person], cell: str) -> None:
    say(office, "d1", cell)
    words = exported(office, team["chenjing"])[1][4]
    assert words[0] == "'"
    assert words.endswith(cell[-1])


@pytest.mark.parametrize("cell", RUNS)
def test_a_cell_of_a_spreadsheet_is_text_whatever_it_holds(
    office: Office, team: dict[str, Person], cell: str
) -> None:
    """openpyxl makes a formula of what begins with =, and does so after signs that it cannot write are gone."""
    say(office, "d1", cell, draft=Draft(cell), customer_name=cell)
    with office.store.look() as session:
        found = listing.every(session, team["chenjing"], Filter(), office.clock())
        content = listing.as_xlsx(listing.table(found, {}, {}, FieldPolicy(), team["chenjing"].role))
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


def test_an_export_masks_phone_numbers_and_holds_only_what_its_reader_may_see(
    office: Office, team: dict[str, Person]
) -> None:
    say(office, "d1", "打我电话13812345678")
    say(office, "d2", rep="lisi")
    _head, *rows = exported(office, team["zhangsan"])
    assert [row[0] for row in rows] == ["d1"]
    assert "13812345678" not in "".join(rows[0])


def test_an_export_tells_who_decided_from_who_undid(office: Office, team: dict[str, Person]) -> None:
    say(office, "d1")
    with office.store.begin() as session:
        found = decisions.load(session, "d1")
        for moved in (
            found := found.confirm(UserId("zhangsan"), START),
            found := found.carry_out(),
            found.undo(UserId("chenjing"), START + timedelta(hours=1)),
        ):
            decisions.save(session, moved)
    head, row = exported(office, team["chenjing"])
    told = dict(zip(head, row, strict=True))
    assert (told["决定人"], told["撤销人"]) == ("zhangsan", "chenjing")
    assert (told["决定时间"], told["撤销时间"]) == ("2026-11-26 15:04", "2026-11-26 16:04")


def test_an_export_calls_actions_as_cards_do(office: Office, team: dict[str, Person]) -> None:
    say(office, "d1", draft=a_decision().draft)
    head, row = exported(office, team["chenjing"])
    assert dict(zip(head, row, strict=True))["操作"] == "新建商机、跟进任务"


def test_a_spreadsheet_opens_with_the_same_rows(office: Office, team: dict[str, Person]) -> None:
    say(office, "d1", "给个报价\x07")
    with office.store.look() as session:
        found = listing.every(session, team["chenjing"], Filter(), office.clock())
        content = listing.as_xlsx(listing.table(found, {}, {}, FieldPolicy(), team["chenjing"].role))
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert [sheet["A2"].value, sheet["E2"].value] == ["d1", "给个报价"]


def test_every_move_changes_what_a_page_looks_at(office: Office, team: dict[str, Person]) -> None:
    say(office, "d1")
    with office.store.look() as session:
        before = listing.latest(session)
    office.tap(Move.DECLINE, decision="d1")
    with office.store.look() as session:
        assert listing.latest(session) > before
