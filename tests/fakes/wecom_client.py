"""WeCom's client around a page: the browser's silent sign-in, the JS-SDK's script, and the chat that it answers from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tests.fakes.wecom_platform import AGENT, CORP, WeComPlatform

STUB = Path(__file__).with_name("wx_stub.js")
PHONE = {"width": 360, "height": 740}
INSIDE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/7.0.1 wxwork/4.1.30"


@dataclass
class WeComClient:
    """One person's client. `entry` is where the page was opened, `contact` whom the chat is with."""

    platform: WeComPlatform
    user: str
    contact: str = ""
    entry: str = "single_chat_tools"
    refuses: dict[str, str] = field(default_factory=dict)
    """What an API answers instead: sendChatMessage → sendChatMessage:permission denied."""
    sent: list[str] = field(default_factory=list)
    """What went into the chat."""

    def routes(self) -> list[Route]:
        """To be served beside the platform's API."""
        return [
            Route("/connect/oauth2/authorize", self._authorize),
            Route("/sdk.js", lambda _: Response(STUB.read_text(), media_type="text/javascript")),
        ]

    async def open(self, browser: Browser, url: str) -> Page:
        """The toolbar's page, as a phone shows it."""
        context = await browser.new_context(viewport=PHONE, locale="zh-CN", user_agent=INSIDE)  # type: ignore[arg-type]
        page = await context.new_page()
        await page.expose_function("wxChecks", self.platform_checks)
        await page.expose_function("wxAnswers", self.answer)
        await page.goto(url)
        return page

    def platform_checks(self, kind: str, url: str, args: Mapping[str, Any]) -> bool:
        """As the client does before anything may be called."""
        named = (
            args["appId"] == CORP and args["beta"]
            if kind == "company"
            else (args["corpid"], args["agentid"]) == (CORP, str(AGENT))
        )
        return bool(named) and self.platform.pages.is_signed(kind, url, args)

    def answer(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        if refusal := self.refuses.get(name):
            return {"err_msg": refusal}
        if name == "getContext":
            return {"err_msg": "getContext:ok", "entry": self.entry}
        if name == "getCurExternalContact" and not self.contact:
            return {"err_msg": "getCurExternalContact:fail_without context of external contact"}
        if name == "sendChatMessage":
            assert args["msgtype"] == "text"
            self.sent.append(args["text"]["content"])
        return {"err_msg": f"{name}:ok", "userId": self.contact}

    def _authorize(self, request: Request) -> Response:
        """Nobody taps anything: the client knows who it is."""
        asked = request.query_params
        assert (asked["appid"], asked["scope"], asked["agentid"]) == (CORP, "snsapi_base", str(AGENT))
        code = self.platform.pages.code(userid=self.user)
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", 302)
