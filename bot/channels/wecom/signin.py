"""Who opened a page: inside WeCom by OAuth without a consent page ("snsapi_base"; path/91022 and path/91023), in any other
browser by WeCom's sign-in page, whose QR code the person scans (path/98151)."""

from __future__ import annotations

from urllib.parse import urlencode

from bot.channels import ChannelRefused
from bot.channels.wecom.client import Client
from bot.settings import WeComSettings

AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"
SCAN = "https://login.work.weixin.qq.com/wwlogin/sso/login"
BAD_CODE = "40029"
LONGEST_CODE = 512


def sign_in_url(settings: WeComSettings, back: str, state: str) -> str:
    """`back` must lie under the app's trusted domain. The parameters keep this order: WeCom reads them by place."""
    asked = {
        "appid": settings.corp_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
        "agentid": settings.agent_id,
    }
    return f"{AUTHORIZE}?{urlencode(asked)}#wechat_redirect"


def scan_url(settings: WeComSettings, back: str, state: str) -> str:
    """`back` must lie under the app's 授权回调域 (企业微信授权登录), which is set apart from the trusted domain."""
    asked = {
        "login_type": "CorpApp",
        "appid": settings.corp_id,
        "agentid": settings.agent_id,
        "redirect_uri": back,
        "state": state,
    }
    return f"{SCAN}?{urlencode(asked)}"


async def who(client: Client, code: str) -> str | None:
    """The member behind a code (used once, five minutes). None for an outsider and for a code that does not hold."""
    if not 0 < len(code) <= LONGEST_CODE:
        return None
    try:
        answer = await client.get("auth/getuserinfo", {"code": code})
    except ChannelRefused as refused:
        if refused.code == BAD_CODE:
            return None
        raise
    return str(answer["userid"]) if answer.get("userid") else None
