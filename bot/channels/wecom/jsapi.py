"""What a page needs to call WeCom's JS-SDK: two tickets, and signatures over its address ("JS-SDK使用权限签名算法", path/96909).

`wx.config` is signed with the company's ticket, `wx.agentConfig` with the app's. Fetching either too often is refused
(400 and 100 an hour), so both are kept and shared like the access token.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels import ChannelBusy
from bot.channels.wecom.client import Client
from bot.channels.wecom.tokens import Token, Tokens
from bot.settings import WeComSettings
from bot.sharing import TokenShelf


@dataclass(frozen=True)
class Signature:
    """One registration, named as the JS-SDK wants it."""

    timestamp: int
    nonce: str
    signature: str


@dataclass(frozen=True)
class Signatures:
    """Of one page: as the company (`wx.config`) and as the app (`wx.agentConfig`)."""

    company: Signature
    app: Signature


def sign(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """`url` as the browser has it, query included; what follows a # is not part of it."""
    address = url.split("#", 1)[0]
    signed = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={address}"
    return hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()


class PageTickets:
    """Keeps both tickets and signs pages with them."""

    def __init__(
        self,
        settings: WeComSettings,
        client: Client,
        clock: Callable[[], datetime],
        shelf: TokenShelf | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        app = f"{settings.corp_id}:{settings.agent_id}"
        self._company = Tokens(self._fetch_company, clock, shelf, f"wecom-ticket:company:{app}")
        self._app = Tokens(self._fetch_app, clock, shelf, f"wecom-ticket:app:{app}")

    async def sign(self, url: str) -> Signatures:
        """Raises `ChannelBusy` and `ChannelRefused` where WeCom gives no ticket."""
        company, app = await self._company.get(), await self._app.get()
        return Signatures(self._signed(company, url), self._signed(app, url))

    def _signed(self, ticket: str, url: str) -> Signature:
        nonce, timestamp = secrets.token_hex(8), int(self._clock().timestamp())
        return Signature(timestamp, nonce, sign(ticket, nonce, timestamp, url))

    async def _fetch_company(self) -> Token:
        return await self._fetch("get_jsapi_ticket", {})

    async def _fetch_app(self) -> Token:
        return await self._fetch("ticket/get", {"type": "agent_config"})

    async def _fetch(self, path: str, params: Mapping[str, str]) -> Token:
        asked_at = self._clock()
        answer = await self._client.get(path, params)
        if not answer.get("ticket"):
            raise ChannelBusy(f"WeCom answered {path} without a ticket; try again", after=5.0)
        lasts = timedelta(seconds=float(answer.get("expires_in", 7200)))
        return Token(str(answer["ticket"]), asked_at + lasts)
