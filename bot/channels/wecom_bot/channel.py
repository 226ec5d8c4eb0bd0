"""WeCom's AI bot as a channel. It verifies and translates; it decides nothing.

Addressed by the answer rules of "被动回复" (path/101031) and "主动回复" (path/101138): a message is answered at its
`response_url`, a tap in the response to its callback. Where neither is left, the self-built app speaks, if it is on.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import structlog
from sqlmodel import Session

from bot.card import Card, Notice
from bot.channels import (
    CardRef,
    Channel,
    ChannelBusy,
    ChannelRefused,
    Downloaded,
    Envelope,
    Handshake,
    Outcome,
    ReplyAddress,
)
from bot.channels.bodies import within
from bot.channels.wecom import cards, media, notices
from bot.channels.wecom.envelope import Gate, sealed_json
from bot.channels.wecom.fit import pieces, size, usable
from bot.channels.wecom.keys import task_id
from bot.channels.wecom_bot import inbound
from bot.channels.wecom_bot.addresses import Addresses
from bot.channels.wecom_bot.cards import of_bot
from bot.channels.wecom_bot.files import BLOCK, opened
from bot.markdown_table import in_lines
from bot.settings import WeComSettings

log = structlog.get_logger()
LONGEST = 20480
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
_FILE_HOSTS = (".qq.com", ".myqcloud.com", ".qpic.cn")
"""Where WeCom keeps what was sent to an AI bot; the platform's pages name no host, their samples these."""


class WeComBot:
    """Implements `bot.channels.Channel`. `app`: the self-built app of the same company, for what cannot be said here."""

    name = "wecom_bot"

    def __init__(
        self,
        settings: WeComSettings,
        addresses: Addresses,
        clock: Callable[[], datetime],
        http: httpx.AsyncClient | None = None,
        app: Channel | None = None,
    ) -> None:
        token, key = settings.bot_token.get_secret_value(), settings.bot_aes_key.get_secret_value()
        self._gate = Gate(token, key, "", sealed_json)
        self._aes_key = base64.b64decode(key + "=")
        self._base = urlsplit(settings.api_base)
        self._addresses = addresses
        self._clock = clock
        self._owns_http = http is None
        self._http = http or httpx.AsyncClient()
        self._app = app

    def open(self, envelope: Envelope) -> Handshake | Outcome | None:
        opened = self._gate.open(envelope)
        return opened if isinstance(opened, Handshake) else inbound.read(opened, envelope.received_at)

    def keep(self, session: Session, outcome: Outcome) -> None:
        """Remember where this may be answered, in the transaction that stores it."""
        self._addresses.keep(session, outcome)

    async def response(self, callback: str) -> dict[str, Any] | None:
        """What was put into the response of a callback so far."""
        return await self._addresses.answered(callback)

    async def responded(self, callback: str) -> dict[str, Any] | None:
        """Close a callback's response; what comes later goes elsewhere."""
        return await self._addresses.close(callback)

    def sealed(self, body: Mapping[str, Any], nonce: str) -> bytes:
        """An answer as it goes out: the nonce must be the callback's own."""
        return orjson.dumps(self._gate.seal(orjson.dumps(body).decode(), nonce, self._clock()))

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        wanted = str(reply_to.data.get("response_url", "")) if reply_to else ""
        if size(words) > LONGEST:
            words = in_lines(words)  # the second half of a table would be none
        for number, part in enumerate(pieces(words.strip(), LONGEST)):
            await self._say(part, to, f"{key}:{number}" if number else key, wanted)

    async def _say(self, words: str, to: str, key: str, wanted: str) -> None:
        if not wanted and (callback := await self._addresses.waiting(to)):
            body = {"msgtype": "text", "text": {"content": in_lines(words)}}
            if await self._addresses.claim_response(callback, key, body):
                return
        if not await self._post(_markdown(words), to, key, wanted):
            await self._by_app(to).say(words, to, key)

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        drawn = self._drawn(card, key)
        if drawn is None:
            await self.say(cards.everything(card), to, key)
            return CardRef()
        if not await self._post({"msgtype": "template_card", "template_card": drawn}, to, key):
            return await self._by_app(to).show(card, to, key)
        return CardRef({"task_id": drawn.get("task_id", "")})

    async def notify(self, notice: Notice, to: str, key: str) -> None:
        card = notices.drawn(notice)
        if card is None:
            await self.say(notices.words(notice), to, key)
        elif not await self._post({"msgtype": "template_card", "template_card": of_bot(card)}, to, key):
            await self._by_app(to).notify(notice, to, key)

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        """A tapped card changes in the response to its tap. Later, its news is a message; with no way left, a log line."""
        tap = reply_to.data if reply_to else {}
        again = f"again:{card.decision}:{card.version}:{card.content_hash}:{to.lower()}"
        if callback := tap.get("callback"):
            drawn = of_bot(cards.update(card)) | {"task_id": tap["task_id"]}
            body = {"response_type": "update_template_card", "template_card": drawn}
            if await self._addresses.claim_response(str(callback), again, body):
                return ref
        if card.in_hand:
            return ref  # the address that is left is for the receipt
        changed = self._drawn(card, again) if card.buttons else None
        news = {"msgtype": "template_card", "template_card": changed} if changed else _markdown(_news(card))
        if await self._post(news, to, again, str(tap.get("response_url", ""))):
            return ref
        if self._app is not None:
            return await self._app.show(card, to, again)
        log.info("wecom_bot_card_left_as_it_was", decision=card.decision, version=card.version)
        return ref

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        if self._app is None:
            raise ChannelRefused(
                "an AI bot has no calendar; set up the self-built app as well", "no_calendar"
            )
        return await self._app.book(meeting, organizer, key)

    async def download(self, ref: Mapping[str, str], most: int) -> Downloaded:
        """A file somebody sent; its address lives five minutes, its bytes are encrypted with the callback's key."""
        url = ref["url"]
        if not self._is_theirs(url):
            raise ChannelRefused(
                f"a file at {urlsplit(url).hostname}, which is not WeCom's, is not fetched",
                "host",
                alert=True,
            )
        try:
            async with self._http.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as response:
                if response.status_code in {403, 404, 410}:
                    raise ChannelRefused("the file's address has run out; ask for it again", "gone")
                if response.status_code != 200:
                    raise ChannelBusy(f"WeCom answered HTTP {response.status_code} to a file")
                sealed = await within(response, most + BLOCK)
                return Downloaded(opened(sealed, self._aes_key), media.name_of(response))
        except httpx.TransportError as error:
            raise ChannelBusy(f"WeCom did not give the file: {type(error).__name__}") from error

    async def close(self) -> None:
        if self._owns_http:
            await self._http.aclose()

    def _drawn(self, card: Card, key: str) -> dict[str, Any] | None:
        if card.buttons:
            return of_bot(cards.interactive(card, task_id(card.decision, key)))
        notice = cards.notice(card)
        return of_bot(notice) if notice else None

    async def _post(self, body: Mapping[str, Any], to: str, key: str, wanted: str = "") -> bool:
        """Send to the person's address for this message. False: there is none."""
        address = await self._addresses.claim_url(to, key, wanted)
        if address is None or not self._is_theirs(address.key):
            return False
        try:
            response = await self._http.post(
                address.key, json=dict(body), timeout=TIMEOUT, follow_redirects=False
            )
        except httpx.TransportError as error:
            raise ChannelBusy(f"WeCom did not answer an AI bot's reply: {type(error).__name__}") from error
        if response.status_code >= 500 or response.status_code == 429:
            raise ChannelBusy(f"WeCom answered HTTP {response.status_code} to an AI bot's reply", after=5.0)
        code, message = _errcode(response)
        if code and address.again:
            log.info(
                "wecom_bot_reply_was_sent", key=key, code=code
            )  # the address serves once: it served before
        elif code:
            raise ChannelRefused(f"WeCom refused an AI bot's reply: {code} {message}", str(code))
        return True

    def _by_app(self, to: str) -> Channel:
        if self._app is None:
            raise ChannelRefused(
                f"{to} must write to the AI bot first: it can only answer, and no address is open",
                "no_address",
            )
        return self._app

    def _is_theirs(self, url: str) -> bool:
        """The configured API's own host, or one of WeCom's by HTTPS: a forged callback must not lead us elsewhere."""
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) == (self._base.scheme, self._base.netloc):
            return True
        host = (parts.hostname or "").lower()
        return (
            bool(usable(url))
            and parts.scheme == "https"
            and parts.port in {None, 443}
            and not parts.username
            and host.endswith(_FILE_HOSTS)
        )


def _markdown(words: str) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"content": words}}


def _news(card: Card) -> str:
    lines = (f"**{card.title}**", card.status, *card.receipts, f"[打开]({card.url})" if card.url else "")
    return "\n".join(line for line in lines if line)


def _errcode(response: httpx.Response) -> tuple[int, str]:
    try:
        answer = response.json()
    except json.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise ChannelBusy("WeCom answered an AI bot's reply with something that is not JSON")
    return int(answer.get("errcode", 0)), str(answer.get("errmsg", ""))
