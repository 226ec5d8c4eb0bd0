"""Signing in on DingTalk's own page: only an employee of ours comes back as somebody."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from bot.channels import ChannelRefused
from bot.channels.dingtalk import DingTalk
from tests.fakes.dingtalk_platform import CLIENT_ID, DingTalkPlatform


def test_the_browser_is_sent_to_dingtalk_with_our_app_and_the_state(dingtalk: DingTalk) -> None:
    url = urlsplit(dingtalk.sign_in_url("https://yiju.test/console/sign-in/dingtalk/back", "abc"))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.netloc, url.path) == ("login.dingtalk.com", "/oauth2/auth")
    assert asked == {
        "redirect_uri": "https://yiju.test/console/sign-in/dingtalk/back",
        "response_type": "code",
        "client_id": CLIENT_ID,
        "scope": "openid corpid",
        "state": "abc",
        "prompt": "consent",
    }


async def test_a_code_names_an_employee_once(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    platform.codes["c1"] = "union-zhangsan"
    assert await dingtalk.who("c1") == "zhangsan"
    assert await dingtalk.who("c1") is None


async def test_somebody_outside_the_company_is_nobody(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    platform.externals["partner"] = "union-partner"
    platform.codes |= {"c1": "union-partner", "c2": "union-of-a-stranger"}
    assert await dingtalk.who("c1") is None
    assert await dingtalk.who("c2") is None


@pytest.mark.parametrize("code", ["", "x" * 513, "never issued"])
async def test_a_code_that_cannot_hold_is_nobody(dingtalk: DingTalk, code: str) -> None:
    assert await dingtalk.who(code) is None


async def test_a_missing_permission_is_told_and_not_taken_for_a_stranger(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    platform.codes["c1"] = "union-zhangsan"
    platform.fail("/v1.0/contact/users/me", "Forbidden.AccessDenied.AccessTokenPermissionDenied", 403)
    with pytest.raises(ChannelRefused):
        await dingtalk.who("c1")
