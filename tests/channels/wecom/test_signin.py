"""Who opened a page inside WeCom."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.channels import ChannelRefused
from bot.channels.wecom import WeCom
from tests.fakes.wecom_platform import AGENT, CORP, settings


def _wecom(answers: dict[str, object]) -> WeCom:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("gettoken"):
            return httpx.Response(200, json={"errcode": 0, "access_token": "t", "expires_in": 7200})
        assert request.url.path == "/cgi-bin/auth/getuserinfo"
        return httpx.Response(200, json=answers[request.url.params["code"]])

    return WeCom(settings(), httpx.AsyncClient(transport=httpx.MockTransport(answer)))


def test_the_browser_is_sent_to_the_silent_sign_in_and_back_to_our_page() -> None:
    url = urlsplit(_wecom({}).sign_in_url("https://yiju.example/d/abc/signed-in", "5f"))
    asked = parse_qs(url.query)
    assert (url.netloc, url.fragment) == ("open.weixin.qq.com", "wechat_redirect")
    assert asked["redirect_uri"] == ["https://yiju.example/d/abc/signed-in"]
    assert (asked["scope"], asked["state"]) == (["snsapi_base"], ["5f"])


def test_another_browser_is_sent_to_the_page_whose_code_is_scanned() -> None:
    url = urlsplit(_wecom({}).scan_url("https://yiju.example/console/sign-in/wecom/back", "5f"))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.netloc, url.path, url.fragment) == ("login.work.weixin.qq.com", "/wwlogin/sso/login", "")
    assert asked == {
        "login_type": "CorpApp",
        "appid": CORP,
        "agentid": str(AGENT),
        "redirect_uri": "https://yiju.example/console/sign-in/wecom/back",
        "state": "5f",
    }


async def test_a_code_names_the_member_once() -> None:
    wecom = _wecom(
        {"c1": {"errcode": 0, "userid": "ZhangSan"}, "used": {"errcode": 40029, "errmsg": "bad code"}}
    )
    assert await wecom.who("c1") == "ZhangSan"
    assert await wecom.who("used") is None


@pytest.mark.parametrize("code", ["", "x" * 513])
async def test_a_code_that_cannot_be_one_is_not_sent_to_the_platform(code: str) -> None:
    assert await _wecom({}).who(code) is None


async def test_an_outsider_is_nobody_and_a_missing_permission_is_an_error() -> None:
    wecom = _wecom(
        {"out": {"errcode": 0, "openid": "o1"}, "no": {"errcode": 50001, "errmsg": "redirect domain"}}
    )
    assert await wecom.who("out") is None
    with pytest.raises(ChannelRefused):
        await wecom.who("no")
