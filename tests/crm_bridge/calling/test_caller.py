"""What is called again, what is not, and what each answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest
import stamina

from crm_bridge import CrmUnavailable, OutcomeUnknown
from crm_bridge.calling import BearerAuth, Caller, CallRefused, Kind, Limit, Manner, SignInAuth

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


class Side:
    """The other side: plays its answers one after the other, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def caller(side: Side, **more: object) -> Caller:
    given: dict[str, object] = {"manner": Manner(limits=(Limit(1000, 1),))} | more
    return Caller("crm", "http://crm.test", transport=httpx.MockTransport(side), **given)  # type: ignore[arg-type]


OK, BUSY, BROKEN = httpx.Response(200, json={"ok": 1}), httpx.Response(503), httpx.Response(502)


async def test_a_read_is_asked_again_after_a_time_out() -> None:
    side = Side(httpx.ReadTimeout("slow"), OK)
    assert (await caller(side).call("GET", "a")).json() == {"ok": 1}
    assert len(side.asked) == 2


async def test_a_write_whose_answer_is_missing_is_not_sent_again() -> None:
    side = Side(httpx.ReadTimeout("slow"), OK)
    with pytest.raises(OutcomeUnknown, match="may have been done"):
        await caller(side).call("POST", "a", json={})
    assert len(side.asked) == 1


@pytest.mark.parametrize("broken", [httpx.Response(500), BROKEN, httpx.Response(504)], ids=str)
async def test_a_write_that_broke_off_is_not_sent_again(broken: httpx.Response) -> None:
    side = Side(broken, OK)
    with pytest.raises(OutcomeUnknown):
        await caller(side).call("POST", "a")
    assert len(side.asked) == 1


@pytest.mark.parametrize(
    "surely_not_done", [httpx.ConnectError("no"), httpx.Response(429), BUSY, httpx.Response(423)], ids=str
)
async def test_a_write_that_was_surely_not_done_is_sent_again(surely_not_done: httpx.Response) -> None:
    side = Side(surely_not_done, OK)
    await caller(side).call("POST", "a")
    assert len(side.asked) == 2


async def test_patience_ends_after_three_attempts() -> None:
    side = Side(BUSY)
    with pytest.raises(CrmUnavailable, match="busy or broken"):
        await caller(side).call("GET", "a")
    assert len(side.asked) == 3


async def test_a_system_that_wants_to_rest_for_an_hour_is_left_alone() -> None:
    side = Side(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(CrmUnavailable):
        await caller(side).call("GET", "a")
    assert len(side.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.INVALID),
        (403, Kind.FORBIDDEN),
        (404, Kind.NOT_FOUND),
        (409, Kind.CONFLICT),
        (412, Kind.CONFLICT),
    ],
)
async def test_a_no_is_told_with_its_kind_and_never_repeated(status: int, kind: Kind) -> None:
    side = Side(httpx.Response(status, text="字段不存在"))
    with pytest.raises(CallRefused, match="字段不存在") as told:
        await caller(side).call("GET", "a")
    assert told.value.kind is kind
    assert len(side.asked) == 1


async def test_after_five_failures_the_system_is_left_alone_for_a_while() -> None:
    side = Side(httpx.ConnectError("no"))
    calling = caller(side)
    for _ in range(5):
        with pytest.raises(CrmUnavailable, match="cannot be reached"):
            await calling.call("GET", "a")
    asked = len(side.asked)
    with pytest.raises(CrmUnavailable, match="left alone"):
        await calling.call("GET", "a")
    assert len(side.asked) == asked


async def test_a_no_does_not_count_as_a_failure() -> None:
    side = Side(httpx.Response(404))
    calling = caller(side)
    for _ in range(8):
        with pytest.raises(CallRefused):
            await calling.call("GET", "a")


class Session:
    """Signs in with a new token each time."""

    def __init__(self) -> None:
        self.signed_in = 0

    async def __call__(self, client: httpx.AsyncClient) -> dict[str, str]:
        await asyncio.sleep(0)  # lets other calls come in meanwhile
        self.signed_in += 1
        return {"Authorization": f"Session {self.signed_in}"}


async def test_many_calls_sign_in_once() -> None:
    session = Session()
    calling = caller(Side(OK), auth=SignInAuth(session))
    await asyncio.gather(*(calling.call("GET", "a") for _ in range(8)))
    assert session.signed_in == 1


async def test_an_ended_session_is_opened_again_and_the_write_repeated_once() -> None:
    session, side = Session(), Side(httpx.Response(401), OK)
    await caller(side, auth=SignInAuth(session)).call("POST", "a")
    assert [one.headers["Authorization"] for one in side.asked] == ["Session 1", "Session 2"]


@pytest.mark.parametrize(
    ("auth", "asked"), [(SignInAuth(Session()), 2), (BearerAuth("key"), 1)], ids=["session", "key"]
)
async def test_credentials_that_are_refused_do_not_go_round_in_circles(auth: SignInAuth, asked: int) -> None:
    side = Side(httpx.Response(401))
    with pytest.raises(CrmUnavailable, match="credentials"):
        await caller(side, auth=auth).call("GET", "a")
    assert len(side.asked) == asked


async def test_a_next_page_at_another_address_is_not_followed() -> None:
    side = Side(OK)
    with pytest.raises(CrmUnavailable, match="another address"):
        await caller(side, auth=BearerAuth("secret")).call("GET", "http://elsewhere.test/page2")
    assert side.asked == []
    await caller(side).call("GET", "http://crm.test/page2")
    assert str(side.asked[0].url) == "http://crm.test/page2"


async def test_redirects_are_not_followed() -> None:
    side = Side(httpx.Response(302, headers={"Location": "http://169.254.169.254/"}))
    answer = await caller(side, auth=BearerAuth("secret")).call("GET", "a")
    assert answer.status_code == 302
    assert len(side.asked) == 1


async def test_not_more_calls_go_out_at_once_than_allowed() -> None:
    inside = most = 0

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(5):
            await asyncio.sleep(0)
        inside -= 1
        return httpx.Response(200)

    manner = Manner(limits=(Limit(1000, 1),), side_by_side=2)
    calling = Caller("crm", "http://crm.test", manner=manner, transport=httpx.MockTransport(slow))
    await asyncio.gather(*(calling.call("GET", "a") for _ in range(8)))
    assert most == 2


def test_one_caller_serves_several_event_loops_one_after_the_other() -> None:
    calling = caller(Side(OK))

    async def once() -> int:
        answer = await calling.call("GET", "a")
        await calling.close()
        return answer.status_code

    assert [asyncio.run(once()), asyncio.run(once())] == [200, 200]
