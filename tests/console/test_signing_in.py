"""The console's door: passwords, sessions, limits, forged forms, other sites, and pages of other roles."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from bot import journal, people
from bot.channels import ChannelRefused
from bot.console import passwords
from bot.console.access import PLACES, may_open
from bot.console.gate import Gate
from bot.console.sessions import COOKIE, LASTS, SILENCE, Sessions
from bot.console.signin import TRIES, ConsoleSignIn
from bot.errors import InvalidInput
from bot.people import Role
from bot.sharing import StoredAllowance
from bot.store import Store
from tests.fakes.clock import START, Clock

PASSWORD = "correct-horse-7"
SITE = "http://console.test"


class Platform:
    """A platform that knows who somebody is by a code."""

    name = "wecom"

    def __init__(self) -> None:
        self.away = False

    def sign_in_url(self, back: str, state: str) -> str:
        return f"https://platform.test/?state={state}&back={back}"

    async def who(self, code: str) -> str | None:
        if self.away:
            raise ChannelRefused("it sleeps")
        return {"code-of-chenjing": "ChenJing"}.get(code)


class ScannedPlatform(Platform):
    """The same, for any browser too: its app scans a code."""

    def scan_url(self, back: str, state: str) -> str:
        return f"https://platform.test/scan?state={state}&back={back}"


class Door:
    def __init__(self, store: Store, clock: Clock, platform: Platform | None = None) -> None:
        self.store, self.clock, self.platform = store, clock, platform or Platform()
        self.sessions = Sessions(store, clock)
        tries = StoredAllowance(store, clock)
        platforms: Any = {"wecom": self.platform}
        sign_in = ConsoleSignIn(store, self.sessions, tries, platforms, "secret", SITE, clock)
        app = FastAPI()
        app.include_router(sign_in.routes())

        @app.api_route("/console/{path:path}", methods=["GET", "POST"])
        async def page(request: Request) -> str:
            return str(request.scope["state"]["person"].id)

        app.add_middleware(Gate, sessions=self.sessions)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE)

    async def sign_in(self, user: str = "chenjing", password: str = PASSWORD, **form: str) -> httpx.Response:
        shown = await self.http.get("/console/sign-in")
        mark = re.search('name="mark" value="([^"]+)"', shown.text)
        assert mark
        data = {"mark": mark[1], "user": user, "password": password, **form}
        return await self.http.post("/console/sign-in", data=data)

    def journal(self) -> list[tuple[str, str]]:
        with self.store.look() as session:
            return [(line.what, line.who) for line in journal.lines(session, "console")]


@pytest.fixture
async def door(store: Store, clock: Clock) -> AsyncIterator[Door]:
    with store.begin() as session:
        passwords.set_password(session, "chenjing", PASSWORD, START)
    opened = Door(store, clock)
    yield opened
    await opened.http.aclose()


async def test_a_right_password_opens_the_page_that_was_asked_for(door: Door) -> None:
    turned_away = await door.http.get("/console/board?days=7")
    assert turned_away.headers["location"] == "/console/sign-in?back=/console/board%3Fdays%3D7"
    signed_in = await door.sign_in("陈静", back="/console/board?days=7")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/console/board?days=7")
    assert (await door.http.get("/console/board")).json() == "chenjing"
    assert door.journal() == [("ConsoleSignedIn", "chenjing")]


@pytest.mark.parametrize(
    ("user", "password"), [("chenjing", "wrong"), ("nobody", PASSWORD), ("lisi", PASSWORD)]
)
async def test_a_wrong_sign_in_says_the_same_whatever_was_wrong(door: Door, user: str, password: str) -> None:
    refused = await door.sign_in(user, password)
    assert (refused.status_code, "姓名或密码不对。" in refused.text) == (401, True)
    assert COOKIE not in door.http.cookies
    assert [what for what, _ in door.journal()] == ["ConsoleSignInRefused"]


async def test_tries_run_out_and_come_back(door: Door) -> None:
    for _ in range(TRIES):
        assert (await door.sign_in(password="wrong")).status_code == 401
    assert (await door.sign_in()).status_code == 429
    door.clock.advance(minutes=10)
    assert (await door.sign_in()).status_code == 303


async def test_right_sign_ins_use_up_no_tries(door: Door) -> None:
    for _ in range(TRIES + 2):
        assert (await door.sign_in()).status_code == 303


async def test_a_form_of_another_browser_signs_nobody_in(door: Door) -> None:
    stranger = httpx.AsyncClient(transport=door.http._transport, base_url=SITE)
    shown = await stranger.get("/console/sign-in")
    mark = re.search('name="mark" value="([^"]+)"', shown.text)
    assert mark
    await door.http.get("/console/sign-in")
    form = {"mark": mark[1], "user": "chenjing", "password": PASSWORD}
    refused = await door.http.post("/console/sign-in", data=form)
    assert (refused.status_code, COOKIE in door.http.cookies) == (400, False)
    await stranger.aclose()


@pytest.mark.parametrize(
    "back", ["https://evil.test/", "//evil.test", "/consolevil", "/console/\\evil.test", "/d/x"]
)
async def test_nobody_is_sent_to_another_site_after_signing_in(door: Door, back: str) -> None:
    assert (await door.sign_in(back=back)).headers["location"] == "/console"


async def test_every_sign_in_has_a_new_token_and_a_planted_one_is_worth_nothing(door: Door) -> None:
    door.http.cookies.set(COOKIE, "planted", domain="console.test", path="/console")
    await door.sign_in()
    first = door.http.cookies.get(COOKIE, domain="console.test", path="/console")
    await door.sign_in()
    second = door.http.cookies.get(COOKIE, domain="console.test", path="/console")
    assert len({"planted", first, second}) == 3
    assert await door.sessions.who("planted") is None


async def test_a_session_ends_by_silence_by_age_and_by_signing_out(door: Door) -> None:
    token = await door.sessions.start("chenjing", "password")
    door.clock.advance(seconds=SILENCE.total_seconds() + 1)
    assert await door.sessions.who(token) is None
    token = await door.sessions.start("chenjing", "password")
    for _ in range(int(LASTS / SILENCE) + 1):
        await door.sessions.who(token)
        door.clock.advance(seconds=SILENCE.total_seconds() - 60)
    assert await door.sessions.who(token) is None
    await door.sign_in()
    await door.http.post("/console/sign-in/out")
    assert (await door.http.get("/console/board")).status_code == 303
    assert door.journal()[-1] == ("ConsoleSignedOut", "chenjing")


async def test_signing_out_without_a_session_writes_nothing(door: Door) -> None:
    assert (await door.http.post("/console/sign-in/out")).status_code == 303
    assert door.journal() == []


async def test_a_page_that_looks_by_itself_keeps_no_session_alive(door: Door) -> None:
    token = await door.sessions.start("chenjing", "password")
    for _ in range(4):
        door.clock.advance(minutes=35)
        seen = await door.sessions.who(token, visits=False)
    assert seen is None


async def test_a_new_password_and_a_leaver_end_every_session(door: Door) -> None:
    token = await door.sessions.start("chenjing", "password")
    with door.store.begin() as session:
        passwords.set_password(session, "chenjing", "another-horse-8", door.clock())
    assert await door.sessions.who(token) is None
    token = await door.sessions.start("chenjing", "password")
    with door.store.begin() as session:
        people.add(session, replace(people.by_id(session, "chenjing"), active=False))
    assert await door.sessions.who(token) is None
    assert (await door.sign_in(password="another-horse-8")).status_code == 401


async def test_another_site_can_post_nothing_with_a_session(door: Door) -> None:
    await door.sign_in()
    evil = await door.http.post("/console/board", headers={"origin": "https://evil.test"})
    ours = await door.http.post("/console/board", headers={"origin": SITE})
    assert (evil.status_code, ours.status_code) == (403, 200)


async def test_a_live_connection_from_another_site_or_without_a_session_is_closed(door: Door) -> None:
    token = await door.sessions.start("chenjing", "password")

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def connect(cookie: str, origin: str) -> dict[str, Any]:
        sent: list[dict[str, Any]] = []
        headers = [(b"host", b"console.test"), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
        path = "/console/_nicegui_ws/socket.io/"
        scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b""}

        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await Gate(inner, door.sessions)(scope, receive, send)
        return sent[0]

    signed_in = f"{COOKIE}={token}"
    assert (await connect(signed_in, SITE))["type"] == "websocket.accept"
    assert (await connect(signed_in, "https://evil.test"))["code"] == 4403
    assert (await connect("", SITE))["code"] == 4401


async def test_pages_carry_headers_that_forbid_framing_and_foreign_scripts(door: Door) -> None:
    await door.sign_in()
    page = await door.http.get("/console/board")
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.headers["content-security-policy"]


async def test_a_page_of_another_role_is_refused_and_the_front_page_leads_to_ones_own(door: Door) -> None:
    with door.store.begin() as session:
        passwords.set_password(session, "sunli", PASSWORD, START)
    await door.sign_in("sunli")
    assert (await door.http.get("/console/users")).status_code == 403
    assert (await door.http.get("/console/decisions/d1")).status_code == 403
    assert (await door.http.get("/console")).headers["location"] == "/console/labels"


@pytest.mark.parametrize("role", list(Role))
def test_who_may_open_what_is_said_once_and_nothing_else_is_open(role: Role) -> None:
    for place in PLACES:
        assert may_open(role, place.path) == (role in place.roles)
    assert not may_open(role, "/nobody-listed-this")
    assert may_open(role, "/decisions/d1") == may_open(role, "/")


async def test_a_platform_says_who_somebody_is(door: Door) -> None:
    away = await door.http.get("/console/sign-in/wecom?back=/console/board")
    state = re.search("state=([0-9a-f]+)", away.headers["location"])
    assert state
    back = await door.http.get(f"/console/sign-in/wecom/back?code=code-of-chenjing&state={state[1]}")
    assert (back.status_code, back.headers["location"]) == (303, "/console/board")
    assert (await door.http.get("/console/board")).json() == "chenjing"


async def test_a_code_with_a_state_that_this_browser_never_took_along_signs_nobody_in(door: Door) -> None:
    await door.http.get("/console/sign-in/wecom")
    back = await door.http.get("/console/sign-in/wecom/back?code=code-of-chenjing&state=forged")
    assert (back.status_code, COOKIE in door.http.cookies) == (403, False)


async def test_a_platform_that_sleeps_is_named(door: Door) -> None:
    door.platform.away = True
    away = await door.http.get("/console/sign-in/wecom")
    state = re.search("state=([0-9a-f]+)", away.headers["location"])
    assert state
    back = await door.http.get(f"/console/sign-in/wecom/back?code=x&state={state[1]}")
    assert (back.status_code, "企业微信现在没有回应" in back.text) == (502, True)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "x" * 201])
def test_a_password_that_is_easily_guessed_is_refused(store: Store, password: str) -> None:
    with store.begin() as session, pytest.raises(InvalidInput):
        passwords.set_password(session, "chenjing", password, START)


async def test_a_platform_that_only_knows_its_own_app_offers_itself_only_there(door: Door) -> None:
    browser = await door.http.get("/console/sign-in")
    inside = await door.http.get("/console/sign-in", headers={"user-agent": "Mozilla/5.0 wxwork/4.1"})
    assert ("企业微信" in browser.text, "企业微信" in inside.text) == (False, True)


INSIDE = {"user-agent": "Mozilla/5.0 wxwork/4.1"}


@pytest.fixture
async def scanned(store: Store, clock: Clock) -> AsyncIterator[Door]:
    opened = Door(store, clock, ScannedPlatform())
    yield opened
    await opened.http.aclose()


async def test_a_laptop_is_offered_a_code_to_scan_and_wecoms_own_browser_is_not(scanned: Door) -> None:
    laptop = await scanned.http.get("/console/sign-in")
    phone = await scanned.http.get("/console/sign-in", headers=INSIDE)
    assert ("用企业微信扫码登录" in laptop.text, "用企业微信登录" in phone.text) == (True, True)
    ways = [
        (await scanned.http.get("/console/sign-in/wecom", headers=headers)).headers["location"]
        for headers in ({}, INSIDE)
    ]
    assert [way.split("?")[0] for way in ways] == ["https://platform.test/scan", "https://platform.test/"]


async def test_who_scanned_the_code_is_signed_in_once_for_each_trip(scanned: Door) -> None:
    away = await scanned.http.get("/console/sign-in/wecom?back=/console/board")
    state = re.search("state=([0-9a-f]+)", away.headers["location"])
    assert state
    url = f"/console/sign-in/wecom/back?code=code-of-chenjing&state={state[1]}"
    back = await scanned.http.get(url)
    assert (back.status_code, back.headers["location"]) == (303, "/console/board")
    assert (await scanned.http.get(url)).status_code == 403
    assert scanned.journal() == [("ConsoleSignedIn", "chenjing")]


async def test_a_state_of_another_browser_and_none_at_all_sign_nobody_in_here(scanned: Door) -> None:
    away = await scanned.http.get("/console/sign-in/wecom")
    state = re.search("state=([0-9a-f]+)", away.headers["location"])
    assert state
    url = f"/console/sign-in/wecom/back?code=code-of-chenjing&state={state[1]}"
    async with httpx.AsyncClient(transport=scanned.http._transport, base_url=SITE) as other:
        await other.get("/console/sign-in/wecom")
        assert (await other.get(url)).status_code == 403
    assert (await scanned.http.get(url.split("&state")[0])).status_code == 403
    assert (await scanned.http.get(url)).status_code == 303


async def test_a_form_in_another_tab_does_not_spoil_a_trip(scanned: Door) -> None:
    away = await scanned.http.get("/console/sign-in/wecom")
    state = re.search("state=([0-9a-f]+)", away.headers["location"])
    assert state
    await scanned.http.get("/console/sign-in")
    back = await scanned.http.get(f"/console/sign-in/wecom/back?code=code-of-chenjing&state={state[1]}")
    assert back.status_code == 303


async def test_somebody_whom_the_company_knows_and_we_do_not_is_told_so(scanned: Door) -> None:
    away = await scanned.http.get("/console/sign-in/wecom")
    state = re.search("state=([0-9a-f]+)", away.headers["location"])
    assert state
    back = await scanned.http.get(f"/console/sign-in/wecom/back?code=unknown&state={state[1]}")
    assert (back.status_code, COOKIE in scanned.http.cookies) == (403, False)
