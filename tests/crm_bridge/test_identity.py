"""One customer in several systems: proved by keys, suggested by names, decided by people, with its history kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store import Store
from crm_bridge import AccountId, AccountName
from crm_bridge.identity import (
    Candidate,
    Candidates,
    Keys,
    Profile,
    check_character,
    credit_code,
    history,
    known_as,
    link,
    match,
    merge,
    resolve,
    split,
)
from tests.fakes.clock import START

RENHE, LENGAN = AccountId("ACC-1"), AccountId("ACC-2")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def coded(seventeen: str) -> str:
    return seventeen + check_character(seventeen)


CODE, OTHER = coded("91310000MA1FL0000"), coded("91320500MA1ME0000")
DIRECTORY = (
    AccountName(RENHE, "华东仁和医疗科技有限公司", "zhangsan", ("华东仁和",)),
    AccountName(LENGAN, "冷岸精密制造有限公司", "lisi", ("冷岸",)),
)
PROFILES = (
    Profile(RENHE, Keys(CODE, ("13900001001",), ("renhe.example",))),
    Profile(LENGAN, Keys(OTHER, ("0512-66660000",), ("lengan.example",))),
)


def test_a_well_known_code_is_right_and_one_digit_off_is_wrong() -> None:
    assert credit_code("91330100799655058B") == "91330100799655058B"
    assert credit_code("9133 0100 7996 5505 8b") == "91330100799655058B"
    assert credit_code("91330100799655058C") == ""


@given(st.text(ALPHABET, min_size=9, max_size=9), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_the_check_character_finds_every_single_slip(rest: str, at: int, slip: str) -> None:
    right = coded("91310000" + rest)
    wrong = right[:at] + slip + right[at + 1 :]
    assert credit_code(right) == right
    assert wrong == right or credit_code(wrong) == ""


@pytest.mark.parametrize(
    ("hints", "account"),
    [
        (Keys(credit_code=CODE), RENHE),
        (Keys(phones=("+86 139 0000 1001",)), RENHE),
        (Keys(phones=("(0512)66660000",)), LENGAN),
    ],
)
def test_a_key_that_proves_it_resolves(store: Store, hints: Keys, account: AccountId) -> None:
    with store.begin() as session:
        assert resolve(session, "kingdee", "C-1", hints, PROFILES, DIRECTORY) == account


@pytest.mark.parametrize(
    "hints",
    [Keys(name="华东仁和"), Keys(domains=("wang@renhe.example",)), Keys(domains=("www.renhe.example/a",))],
)
def test_a_name_or_domain_only_suggests(store: Store, hints: Keys) -> None:
    with store.begin() as session:
        found = resolve(session, "kingdee", "C-1", hints, PROFILES, DIRECTORY)
        assert isinstance(found, Candidates)
        assert [one.account for one in found.found] == [RENHE]


def test_nothing_in_common_gives_no_candidate_and_a_public_mailbox_is_nothing_in_common() -> None:
    shared = (Profile(RENHE, Keys(domains=("a@qq.com",))),)
    assert match(Keys(domains=("b@qq.com",)), shared) == ()


def test_two_codes_are_two_companies_whatever_else_they_share() -> None:
    hints = Keys(credit_code=OTHER, phones=("13900001001",))
    assert [(one.account, one.by) for one in match(hints, PROFILES)] == [(LENGAN, "credit_code")]


def test_a_number_that_two_accounts_share_is_no_proof(store: Store) -> None:
    both = tuple(Profile(one, Keys(phones=("13900001001",))) for one in (RENHE, LENGAN))
    with store.begin() as session:
        found = resolve(session, "kingdee", "C-1", Keys(phones=("13900001001",)), both)
        assert isinstance(found, Candidates)
        assert len(found.found) == 2


def test_a_guess_is_not_linked_until_a_person_confirms_it(store: Store) -> None:
    guess = Candidate(RENHE, "name", 0.6)
    with store.begin() as session:
        with pytest.raises(ValueError, match="confirmation"):
            link(session, "kingdee", "C-1", guess, START)
        link(session, "kingdee", "C-1", guess, START, confirmed_by="admin")
        assert known_as(session, "金蝶云星空", "C-1") == RENHE
        assert resolve(session, "kingdee", "C-1", Keys()) == RENHE


def test_merging_and_splitting_keep_what_was_before(store: Store) -> None:
    with store.begin() as session:
        link(session, "kingdee", "C-1", Candidate(LENGAN, "credit_code", 0.99), START)
        link(session, "u9", "77", Candidate(LENGAN, "phone", 0.9), START)
        assert merge(session, LENGAN, RENHE, "admin", "两个编号是一家", START) == 2
        split(session, "kingdee", "C-1", LENGAN, "admin", "合错了", START)
        assert (known_as(session, "kingdee", "C-1"), known_as(session, "u9", "77")) == (LENGAN, RENHE)
        moves = history(session, "kingdee", "C-1")
        assert [(one.what, one.before, one.after, one.who) for one in moves] == [
            ("linked", "", LENGAN, ""),
            ("merged", LENGAN, RENHE, "admin"),
            ("split", RENHE, LENGAN, "admin"),
        ]
        with pytest.raises(KeyError):
            split(session, "kingdee", "C-9", LENGAN, "admin", "", START)
