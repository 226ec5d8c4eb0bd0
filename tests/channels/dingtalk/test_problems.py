"""Error codes: try later (and when), never, or never and somebody must mend it."""

from __future__ import annotations

import httpx
import pytest

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk.problems import is_token_problem, of_errcode, of_response
from tests.fakes.dingtalk_platform import DingTalkPlatform


def new(code: str, status: int, **more: object) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "说明", "requestid": "R", **more})


@pytest.mark.parametrize(
    ("code", "status", "least"),
    [
        ("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", 403, 1.0),
        ("Forbidden.AccessDenied.QpsLimitForApi", 403, 1.0),
        ("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi", 403, 60.0),
        ("qps.exceed.limit", 400, 1.0),
        ("system.busy", 500, 1.0),
        ("systemBusy", 429, 1.0),
        ("system.error", 500, 1.0),
        ("unknownError", 500, 1.0),
        ("send.too.fast", 400, 1.0),
        ("idempotencyProcessing", 400, 1.0),
        ("GatewayTimeout", 504, 1.0),
        ("SomethingNew", 503, 1.0),
        ("TooMany", 429, 1.0),
    ],
)
def test_a_busy_platform_is_asked_again_later(code: str, status: int, least: float) -> None:
    problem = of_response(new(code, status))
    assert isinstance(problem, ChannelBusy)
    assert problem.after >= least
    assert problem.code == code


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Forbidden.AccessDenied.AccessTokenPermissionDenied", 403),
        ("Forbidden.AccessDenied.IpNotInWhiteList", 403),
        ("Forbidden.AccessDenied.ApiCountLimitForOrg", 403),
        ("invalidClientIdOrSecret", 400),
        ("authFailed", 401),
        ("param.templateNotExist", 400),
        ("param.templateUnpublished", 400),
        ("invalidParameter.robotCode.auth", 400),
        ("bot.stopped", 400),
        ("permissionDeny", 400),
    ],
)
def test_what_an_operator_must_mend_is_refused_with_an_alert(code: str, status: int) -> None:
    problem = of_response(new(code, status))
    assert isinstance(problem, ChannelRefused)
    assert problem.alert


@pytest.mark.parametrize(
    "code",
    [
        "param.userIdNotExist",
        "staffId.notExisted",
        "robot.oto.notExist",
        "param.contentUnsafe",
        "flowLimit",
        "itemNotFound",
    ],
)
def test_what_only_concerns_this_message_is_refused_quietly(code: str) -> None:
    problem = of_response(new(code, 400))
    assert isinstance(problem, ChannelRefused)
    assert not problem.alert


@pytest.mark.parametrize(
    ("errcode", "kind", "alert"),
    [
        (-1, ChannelBusy, None),
        ("90018", ChannelBusy, None),
        (90002, ChannelBusy, None),
        (15, ChannelBusy, None),
        (60011, ChannelRefused, True),
        ("43007", ChannelRefused, True),
        (60020, ChannelRefused, True),
        (90020, ChannelRefused, True),
        (88, ChannelRefused, True),
        (33012, ChannelRefused, False),
        (60121, ChannelRefused, False),
        (50002, ChannelRefused, False),
        (300001, ChannelRefused, False),
    ],
)
def test_codes_of_the_old_api_mean_the_same(errcode: object, kind: type, alert: bool | None) -> None:
    problem = of_errcode({"errcode": errcode, "errmsg": "说明"})
    assert type(problem) is kind
    assert getattr(problem, "alert", None) is alert


@pytest.mark.parametrize("errcode", [0, "0"])
def test_zero_is_no_problem_in_either_spelling(errcode: object) -> None:
    assert of_errcode({"errcode": errcode}) is None


@pytest.mark.parametrize("code", ["InvalidAuthentication", "40014", "42001", "40001", "41001"])
def test_a_rejected_token_is_told_from_other_problems(code: str) -> None:
    assert is_token_problem(of_response(new(code, 400)))
    assert not is_token_problem(of_response(new("param.invalid", 400)))
    assert not is_token_problem(None)


def test_missing_permissions_are_named() -> None:
    denied = {"requiredScopes": ["Card.Instance.Write", "qyapi_robot_sendmsg"]}
    problem = of_response(
        new("Forbidden.AccessDenied.AccessTokenPermissionDenied", 403, accessdenieddetail=denied)
    )
    assert "the app lacks Card.Instance.Write, qyapi_robot_sendmsg" in str(problem)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, json={"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u"}),
        httpx.Response(403, text="<html>blocked</html>"),
        httpx.Response(200, text="<html>blocked</html>"),
    ],
)
def test_a_blocked_address_waits_for_minutes(response: httpx.Response) -> None:
    problem = of_response(response)
    assert isinstance(problem, ChannelBusy)
    assert problem.after >= 300


def test_a_gateway_without_a_body_is_busy() -> None:
    problem = of_response(httpx.Response(502, text="Bad Gateway"))
    assert isinstance(problem, ChannelBusy)
    assert problem.after < 10


async def test_a_message_for_a_busy_platform_can_be_sent_again(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    platform.fail("/v1.0/robot/oToMessages/batchSend", "Forbidden.AccessDenied.QpsLimitForApi", 403)
    with pytest.raises(ChannelBusy):
        await dingtalk.say("早上好", "zhangsan", "k1")
    await dingtalk.say("早上好", "zhangsan", "k1")
    assert len(platform.said) == 1
