"""Codes for signing in: for one person, for minutes, for few tries; and the cookie that remembers."""

from __future__ import annotations

import pytest
from fastapi import Request, Response

from bot.web.signin import CODE_HOLDS_S, COOKIE, LASTS, MOST_TRIES, SignIn
from tests.fakes.clock import Clock


@pytest.fixture
def signin(clock: Clock) -> SignIn:
    return SignIn("secret", True, clock)


def wrong(signin: SignIn, user: str = "zhangsan") -> str:
    return "111111" if signin.code_for(user) != "111111" else "222222"


def test_a_code_is_six_digits_and_right_for_its_person_alone(signin: SignIn) -> None:
    code = signin.code_for("zhangsan")
    assert (len(code), code.isdigit()) == (6, True)
    assert signin.check("zhangsan", f" {code} ")
    assert not signin.check("lisi", code)


def test_a_code_is_of_its_secret(signin: SignIn, clock: Clock) -> None:
    assert SignIn("another", True, clock).code_for("zhangsan") != signin.code_for("zhangsan")


def test_a_code_holds_into_the_next_window_and_no_longer(signin: SignIn, clock: Clock) -> None:
    code = signin.code_for("zhangsan")
    clock.advance(seconds=CODE_HOLDS_S)
    assert signin.check("zhangsan", code)
    clock.advance(seconds=CODE_HOLDS_S)
    assert not signin.check("zhangsan", code)


def test_after_five_wrong_tries_not_even_the_right_code_is(signin: SignIn) -> None:
    for _ in range(MOST_TRIES):
        assert not signin.check("zhangsan", wrong(signin))
    assert not signin.check("zhangsan", signin.code_for("zhangsan"))
    assert signin.check("lisi", signin.code_for("lisi"))


def test_the_next_window_tries_anew(signin: SignIn, clock: Clock) -> None:
    for _ in range(MOST_TRIES):
        signin.check("zhangsan", wrong(signin))
    clock.advance(seconds=CODE_HOLDS_S)
    assert signin.check("zhangsan", signin.code_for("zhangsan"))


@pytest.mark.parametrize("code", ["", "12345", "１２３４５６", "验证码", "\x00", "9" * 500])
def test_whatever_is_typed_is_right_or_wrong_and_never_breaks(signin: SignIn, code: str) -> None:
    assert signin.check("zhangsan", code) is False


def request(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]})


def cookie_of(response: Response) -> str:
    return response.headers["set-cookie"]


def test_a_browser_is_remembered_by_a_cookie_that_scripts_cannot_read(signin: SignIn) -> None:
    response = Response()
    signin.remember(response, "zhangsan")
    shown = cookie_of(response)
    assert all(
        word in shown
        for word in ("HttpOnly", "SameSite=lax", "Secure", f"Max-Age={int(LASTS.total_seconds())}")
    )
    assert signin.who(request(shown.split("=", 1)[1].split(";")[0])) == "zhangsan"


def test_without_https_the_cookie_is_sent_all_the_same(clock: Clock) -> None:
    response = Response()
    SignIn("secret", False, clock).remember(response, "zhangsan")
    assert "Secure" not in cookie_of(response)


@pytest.mark.parametrize("cookie", ["", "zhangsan", "InpoYW5nc2FuIg.x.y"])
def test_an_invented_cookie_is_nobodys(signin: SignIn, cookie: str) -> None:
    assert signin.who(request(cookie)) is None


def test_a_cookie_of_another_secret_is_nobodys(signin: SignIn, clock: Clock) -> None:
    response = Response()
    SignIn("another", True, clock).remember(response, "zhangsan")
    assert signin.who(request(cookie_of(response).split("=", 1)[1].split(";")[0])) is None
