"""A link names its decision and one user and cannot be changed; a key opens its scopes until it is revoked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput, NotAllowed, NotAuthenticated, NotFound
from bot.security import KEY_SCOPES, Link, Links, check_key, load_secret, new_key, revoke_key
from bot.store import Store
from bot.tables import ApiKeyRow
from prompts import phrase
from tests.fakes.clock import START, Clock

UNTIL = START + timedelta(days=90)
LINKS = Links("a secret", "https://bot.example/")


def token(links: Links = LINKS, decision: str = "d1", user: str = "zhangsan") -> str:
    return links.to(decision, user, UNTIL).rsplit("/", 1)[-1]


def test_a_link_says_which_decision_whose_and_until_when() -> None:
    assert LINKS.read(token(), START) == Link("d1", "zhangsan", UNTIL)  # type: ignore[arg-type]
    assert LINKS.to("d1", "zhangsan", UNTIL).startswith("https://bot.example/d/")


def test_the_same_link_is_made_twice_so_that_a_card_sent_twice_is_equal() -> None:
    assert token() == token()


@pytest.mark.parametrize("position", range(0, len(token()), 7))
def test_a_token_with_one_character_changed_does_not_hold(position: int) -> None:
    good = token()
    changed = good[:position] + ("A" if good[position] != "A" else "B") + good[position + 1 :]
    with pytest.raises(NotAllowed):
        LINKS.read(changed, START)


def test_a_token_signed_with_another_secret_does_not_hold() -> None:
    with pytest.raises(NotAllowed, match=phrase("link_broken")):
        LINKS.read(token(Links("another secret", "https://bot.example")), START)


def test_another_users_name_cannot_be_put_into_a_token() -> None:
    payload, _, signature = token().rpartition(".")
    other, _, _ = token(user="lisi").rpartition(".")
    assert other != payload
    with pytest.raises(NotAllowed):
        LINKS.read(f"{other}.{signature}", START)


def test_the_mark_of_a_form_is_no_token() -> None:
    mark = LINKS.form_mark(token(), 0)
    with pytest.raises(NotAllowed):
        LINKS.read(mark, START)


@given(st.text(max_size=60))
def test_whatever_stands_in_the_address_is_refused_and_breaks_nothing(text: str) -> None:
    with pytest.raises(NotAllowed):
        LINKS.read(text, START)


def test_a_link_runs_out() -> None:
    assert LINKS.read(token(), UNTIL).user == "zhangsan"
    with pytest.raises(NotAllowed, match=phrase("link_ran_out")):
        LINKS.read(token(), UNTIL + timedelta(seconds=1))


def test_a_form_is_tied_to_its_page_and_version() -> None:
    marks = {
        LINKS.form_mark(token(user=user), version) for user in ("zhangsan", "lisi") for version in (0, 1)
    }
    assert len(marks) == 4
    assert LINKS.form_mark(token(), 0) in marks


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"
    made = load_secret("", folder)
    assert len(made) >= 32
    assert load_secret("", folder) == made
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_a_given_secret_is_used_and_none_is_made(tmp_path: Path) -> None:
    assert load_secret("given", tmp_path) == "given"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_secret_left_by_a_broken_start_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    assert len(load_secret("", tmp_path)) >= 32


@pytest.fixture
def key(store: Store, clock: Clock) -> tuple[str, str]:
    with store.begin() as session:
        return new_key(session, "portal", ("utterances", "read"), clock())


def test_a_key_opens_its_scopes_and_no_other(store: Store, key: tuple[str, str]) -> None:
    with store.look() as session:
        assert check_key(session, key[1], "utterances").name == "portal"
        assert check_key(session, key[1], "read").id == key[0]
        with pytest.raises(NotAllowed, match="lacks the scope events; it has: utterances read"):
            check_key(session, key[1], "events")


@pytest.mark.parametrize("wrong", ["", "yk_", "yk_guess", "zhangsan"])
def test_a_key_nobody_made_opens_nothing(store: Store, key: tuple[str, str], wrong: str) -> None:
    with store.look() as session, pytest.raises(NotAuthenticated, match="unknown or revoked"):
        check_key(session, wrong, "read")


def test_a_keys_id_or_digest_is_not_the_key(store: Store, key: tuple[str, str]) -> None:
    with store.look() as session:
        row = session.get_one(ApiKeyRow, key[0])
        assert key[1] not in row.model_dump().values()
        for known in (row.id, row.digest):
            with pytest.raises(NotAuthenticated):
                check_key(session, known, "read")


def test_a_revoked_key_opens_nothing_any_more(store: Store, key: tuple[str, str], clock: Clock) -> None:
    with store.begin() as session:
        revoke_key(session, key[0], clock())
    with store.look() as session, pytest.raises(NotAuthenticated, match="unknown or revoked"):
        check_key(session, key[1], "read")


def test_a_key_that_does_not_exist_cannot_be_revoked(store: Store, clock: Clock) -> None:
    with pytest.raises(NotFound, match="keys list"), store.begin() as session:
        revoke_key(session, "nope", clock())


def test_a_scope_that_does_not_exist_is_refused(store: Store, clock: Clock) -> None:
    with pytest.raises(InvalidInput, match="没有 everything 这样的权限"), store.begin() as session:
        new_key(session, "portal", ("everything", *KEY_SCOPES), clock())
