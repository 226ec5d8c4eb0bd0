"""Calls: every error code leads to the right next step, a stale token is renewed once, secrets stay out of logs."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.wecom import Limits, WeCom
from bot.channels.wecom.client import Client, OutcomeUnknown
from bot.channels.wecom.errcodes import STALE_TOKEN, VERDICTS
from tests.channels.wecom.drawn import PROPOSED
from tests.fakes.wecom_platform import SECRET, WeComPlatform, settings

SEND = "message/send"
HELLO = {"touser": "zhangsan", "msgtype": "text", "agentid": 1000002, "text": {"content": "你好"}}


@pytest.fixture
async def client(platform: WeComPlatform) -> Client:
    return Client(settings(), platform.http(), platform.clock, jitter=lambda: 0.5)


@pytest.mark.parametrize(
    "code", [code for code, verdict in VERDICTS.items() if verdict.after and code not in STALE_TOKEN]
)
async def test_a_busy_code_says_how_long_to_wait(platform: WeComPlatform, client: Client, code: int) -> None:
    platform.script(SEND, code)
    with pytest.raises(ChannelBusy) as caught:
        await client.call(SEND, HELLO)
    assert (caught.value.code, caught.value.after) == (str(code), 1.5 * (VERDICTS[code].after or 0))
    assert platform.calls[SEND] == 1


@pytest.mark.parametrize(
    "code", [code for code, verdict in VERDICTS.items() if not verdict.after and code not in STALE_TOKEN]
)
async def test_a_refusal_is_not_tried_again_and_alerts_where_an_operator_can_help(
    platform: WeComPlatform, client: Client, code: int
) -> None:
    platform.script(SEND, code)
    with pytest.raises(ChannelRefused) as caught:
        await client.call(SEND, HELLO)
    assert (caught.value.code, caught.value.alert) == (str(code), VERDICTS[code].alert)
    assert platform.calls[SEND] == 1


@pytest.mark.parametrize("code", [40033, 40058, 40008, 42016, 42027, 42039, 42051, 82001, 123456])
async def test_a_mistake_of_ours_and_a_code_we_do_not_know_call_an_operator(
    platform: WeComPlatform, client: Client, code: int
) -> None:
    platform.script(SEND, code)
    with pytest.raises(ChannelRefused) as caught:
        await client.call(SEND, HELLO)
    assert (caught.value.code, caught.value.alert) == (str(code), True)


@pytest.mark.parametrize("code", sorted(STALE_TOKEN))
async def test_a_stale_token_is_renewed_and_the_call_made_again(
    platform: WeComPlatform, client: Client, code: int
) -> None:
    platform.script(SEND, code)
    assert (await client.call(SEND, HELLO))["errcode"] == 0
    assert (platform.calls["gettoken"], platform.calls[SEND]) == (2, 2)


@pytest.mark.parametrize(
    ("code", "error"), [(40001, ChannelRefused), (40014, ChannelBusy), (42001, ChannelBusy)]
)
async def test_a_token_that_stays_refused_is_renewed_only_once(
    platform: WeComPlatform, client: Client, code: int, error: type[Exception]
) -> None:
    platform.script(SEND, code, code, code)
    with pytest.raises(error):
        await client.call(SEND, HELLO)
    assert (platform.calls["gettoken"], platform.calls[SEND]) == (2, 2)


async def test_tokens_that_the_platform_forgot_are_renewed_once_for_twenty_sends(
    platform: WeComPlatform, client: Client
) -> None:
    await client.call(SEND, HELLO)
    platform.forget_tokens()
    bodies = [HELLO | {"text": {"content": f"第{number}条"}} for number in range(20)]
    answers = await asyncio.gather(*(client.call(SEND, body) for body in bodies))
    assert all(answer["errcode"] == 0 for answer in answers)
    assert platform.calls["gettoken"] == 2


async def test_twenty_sends_at_the_start_fetch_one_token(platform: WeComPlatform) -> None:
    wecom = WeCom(settings(), platform.http(), platform.clock, Limits(burst=30))
    await asyncio.gather(*(wecom.say(f"第{number}条", "zhangsan", f"k{number}") for number in range(20)))
    assert platform.calls["gettoken"] == 1
    assert len(platform.inbox("zhangsan")) == 20


@pytest.mark.parametrize("code", [40001, 40013, 60020])
async def test_a_wrong_secret_corp_or_address_calls_an_operator(
    platform: WeComPlatform, client: Client, code: int
) -> None:
    platform.script("gettoken", code)
    with pytest.raises(ChannelRefused) as caught:
        await client.call(SEND, HELLO)
    assert (caught.value.code, caught.value.alert) == (str(code), True)
    assert platform.calls[SEND] == 0


async def test_an_untrusted_address_is_named_to_the_operator(platform: WeComPlatform, client: Client) -> None:
    platform.script(SEND, 60020)
    with pytest.raises(ChannelRefused, match=r"10\.0\.0\.8"):
        await client.call(SEND, HELLO)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (PlainTextResponse("down", 502), OutcomeUnknown),
        (PlainTextResponse("<html>", 200), OutcomeUnknown),
        (PlainTextResponse("[]", 200), OutcomeUnknown),
        (PlainTextResponse("slow down", 429), ChannelBusy),
        (PlainTextResponse("no such page", 404), ChannelRefused),
    ],
)
async def test_what_a_gateway_answers_is_told_from_what_wecom_answers(
    platform: WeComPlatform, client: Client, answer: Response, error: type[Exception]
) -> None:
    platform.script(SEND, answer)
    with pytest.raises(error):
        await client.call(SEND, HELLO)


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.PoolTimeout("full"), False),
        (httpx.ReadTimeout("slow"), True),
        (httpx.WriteError("broken"), True),
        (httpx.RemoteProtocolError("closed"), True),
    ],
)
async def test_a_broken_line_is_a_busy_platform_and_says_whether_the_outcome_is_known(
    platform: WeComPlatform, error: httpx.TransportError, unknown: bool
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    client = Client(settings(), httpx.AsyncClient(transport=httpx.MockTransport(fail)), platform.clock)
    with pytest.raises(ChannelBusy) as caught:
        await client.call(SEND, HELLO)
    assert isinstance(caught.value, OutcomeUnknown) == unknown


async def test_no_more_calls_than_allowed_are_under_way_at_once(platform: WeComPlatform) -> None:
    client = Client(settings(), platform.http(), platform.clock, parallel=3)
    await client.tokens.warm()
    under_way, most, release = 0, 0, asyncio.Event()

    async def hold() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            release.set()
        await release.wait()
        under_way -= 1

    platform.before_answer = lambda path: hold()
    bodies = [HELLO | {"text": {"content": f"第{number}条"}} for number in range(12)]
    await asyncio.gather(*(client.call(SEND, body) for body in bodies))
    assert most == 3


async def test_neither_token_nor_secret_reach_the_log(
    platform: WeComPlatform, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="httpx"):
        await client.call(SEND, HELLO)
    assert "message/send?access_token=***" in caplog.text
    assert SECRET not in caplog.text
    assert not any(token in caplog.text for token in platform.tokens)


async def test_a_client_of_its_own_is_closed_and_a_given_one_is_not(platform: WeComPlatform) -> None:
    given = platform.http()
    await WeCom(settings(), given).close()
    assert not given.is_closed
    own = WeCom(settings(api_base="http://127.0.0.1:1"))
    await own.close()
    with pytest.raises(RuntimeError):
        await own.show(PROPOSED, "zhangsan", "k")
    await given.aclose()
