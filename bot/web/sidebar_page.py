"""Draws WeCom's sidebar: signed for the JS-SDK, which alone may be loaded from elsewhere, and only here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from fastapi import Request, Response

from bot.channels import ChannelError
from bot.channels.wecom import WeCom
from bot.channels.wecom.jsapi import Signature
from bot.people import Person
from bot.settings import WeComSettings
from bot.web.page import SAFE, html
from bot.web.sidebar_door import AT

log = structlog.get_logger()


def address(path: str = "", **query: str) -> str:
    """Of the sidebar's page within this server; what is empty is left out."""
    asked = {name: value for name, value in query.items() if value}
    return f"{AT}{path}?{urlencode(asked)}" if asked else f"{AT}{path}"


class SidebarPage:
    def __init__(self, wecom: WeCom, settings: WeComSettings, public_url: str) -> None:
        self._wecom = wecom
        self._settings = settings
        self._public_url = public_url.rstrip("/")
        self._headers = SAFE | {"Content-Security-Policy": _policy(settings.jssdk.split(), public_url)}

    async def draw(
        self, request: Request, person: Person, contact: str, status: int = 200, **values: Any
    ) -> Response:
        """`contact` empty: the page asks WeCom who it is."""
        page = html(
            "sidebar.html",
            status,
            sdk=await self._registration(request),
            scripts=self._settings.jssdk.split(),
            contact=contact,
            address=address,
            **{"viewer": person, **values},
        )
        page.headers.update(self._headers)
        return page

    async def _registration(self, request: Request) -> dict[str, Any] | None:
        """What `wx.config` and `wx.agentConfig` are called with; None where WeCom gives no ticket, which is no reason to show nothing."""
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            signed = await self._wecom.signatures(f"{self._public_url}{request.url.path}{query}")
        except ChannelError as error:
            log.warning("sidebar_not_signed", reason=str(error))
            return None
        return {
            "corp": self._settings.corp_id,
            "agent": str(self._settings.agent_id),
            "company": _as_the_sdk_wants(signed.company),
            "app": _as_the_sdk_wants(signed.app),
        }


def _as_the_sdk_wants(one: Signature) -> dict[str, Any]:
    return {"timestamp": one.timestamp, "nonceStr": one.nonce, "signature": one.signature}


def _policy(scripts: list[str], public_url: str) -> str:
    """Each script of the SDK by its whole address. Its bridge talks to the app by frames of the scheme `weixin:`, which load nothing.

    `public_url`: a copy of our own needs no further source than 'self'.
    """
    ours = urlsplit(public_url)[:2]
    sources = " ".join(["'self'", *(one for one in scripts if urlsplit(one)[:2] != ours)])
    return (
        f"default-src 'none'; script-src {sources}; style-src 'self'; connect-src 'self'; "
        "frame-src weixin:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
