"""Who signs in from a browser: DingTalk's own page, then the person's id (pages "obtain-identity-credentials", "dingtalk-retrieve-user-information")."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from bot.channels import ChannelRefused
from bot.channels.dingtalk.client import Client
from bot.settings import DingTalkSettings

AUTHORIZE = "https://login.dingtalk.com/oauth2/auth"
BAD_CODE = frozenset({"invalidParameter.authCode.notFound"})
NOT_OURS = frozenset({"60121", "invalidParameter.user.notFound"})
EMPLOYEE = 0
LONGEST_CODE = 512


def sign_in_url(settings: DingTalkSettings, back: str, state: str) -> str:
    """`back` must lie under the app's registered domain; it is called with `authCode` and `state`."""
    asked = {
        "redirect_uri": back,
        "response_type": "code",
        "client_id": settings.client_id,
        "scope": "openid corpid",
        "state": state,
        "prompt": "consent",
    }
    return f"{AUTHORIZE}?{urlencode(asked)}"


async def who(settings: DingTalkSettings, client: Client, code: str) -> str | None:
    """The employee behind a code. Anybody with a DingTalk account gets one: only the company's own directory says who is ours."""
    if not 0 < len(code) <= LONGEST_CODE:
        return None
    try:
        person = await client.as_person("GET", "/v1.0/contact/users/me", await _token(settings, client, code))
        found = await client.call_old("/topapi/user/getbyunionid", {"unionid": str(person["unionId"])})
    except ChannelRefused as refused:
        if refused.code in BAD_CODE | NOT_OURS:
            return None
        raise
    result: dict[str, Any] = found.get("result") or {}
    return str(result["userid"]) if result.get("contact_type") == EMPLOYEE and result.get("userid") else None


async def _token(settings: DingTalkSettings, client: Client, code: str) -> str:
    body = {
        "clientId": settings.client_id,
        "clientSecret": settings.client_secret.get_secret_value(),
        "code": code,
        "grantType": "authorization_code",
    }
    answer = await client.as_person("POST", "/v1.0/oauth2/userAccessToken", body=body)
    return str(answer["accessToken"])
