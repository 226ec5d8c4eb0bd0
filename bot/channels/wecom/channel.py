"""The WeCom channel: a self-built app's chat as the bot sees it. It verifies and translates; it decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import structlog

from bot.card import Card, Notice
from bot.channels import CardRef, ChannelRefused, Downloaded, Envelope, Handshake, Outcome, ReplyAddress
from bot.channels.wecom import cards, contacts, inbound, notices, schedule, signin, wording
from bot.channels.wecom.client import Client, OutcomeUnknown
from bot.channels.wecom.contacts import ExternalContact
from bot.channels.wecom.envelope import Gate
from bot.channels.wecom.errcodes import CODE_IS_USED, NO_MEDIA, TASK_EXISTS
from bot.channels.wecom.fit import usable
from bot.channels.wecom.jsapi import PageTickets, Signatures
from bot.channels.wecom.keys import digest, repeat_window, task_id
from bot.channels.wecom.pace import Limits, Pace
from bot.settings import WeComSettings
from bot.sharing import Allowance, TokenShelf

log = structlog.get_logger()
BREATH = 0.5
"""Seconds between the parts of a long message: quicker ones were seen to arrive out of order."""


def _now() -> datetime:
    return datetime.now(UTC)


class WeCom:
    """Implements `bot.channels.Channel`. Raises `SettingsIncomplete` for an EncodingAESKey that cannot be one."""

    name = "wecom"

    def __init__(
        self,
        settings: WeComSettings,
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], datetime] = _now,
        limits: Limits | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        shelf: TokenShelf | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """`shelf` and `allowance`: what is shared with other processes that send for the same app."""
        limits = limits or Limits()
        self._settings = settings
        self._agent = settings.agent_id
        self._gate = Gate(
            settings.token.get_secret_value(), settings.aes_key.get_secret_value(), settings.corp_id
        )
        self._owns_http = http is None
        self._http = http or httpx.AsyncClient()
        self._client = Client(settings, self._http, clock, limits.parallel, shelf=shelf)
        self._tickets = PageTickets(settings, self._client, clock, shelf)
        self._pace = Pace(limits, allowance)
        self._pause = pause
        self._doubtful: dict[str, str] = {}
        """Response code → digest of an update that may have worked although no answer came."""
        self._booked: dict[str, str] = {}

    def open(self, envelope: Envelope) -> Handshake | Outcome | None:
        opened = self._gate.open(envelope)
        return opened if isinstance(opened, Handshake) else inbound.read(opened)

    def sign_in_url(self, back: str, state: str) -> str:
        return signin.sign_in_url(self._settings, back, state)

    def scan_url(self, back: str, state: str) -> str:
        return signin.scan_url(self._settings, back, state)

    async def who(self, code: str) -> str | None:
        return await signin.who(self._client, code)

    async def signatures(self, url: str) -> Signatures:
        """With which a page at this address may call WeCom's JS-SDK. Raises `ChannelBusy`, `ChannelRefused`."""
        return await self._tickets.sign(url)

    async def contact(self, external: str) -> ExternalContact | None:
        """An external contact of the company's; None where WeCom may not or cannot say. Raises `ChannelError`."""
        return await contacts.contact(self._client, external)

    async def warm(self) -> None:
        """Have a token ready before somebody waits for it; for a scheduler."""
        await self._client.tokens.warm()

    async def close(self) -> None:
        if self._owns_http:
            await self._http.aclose()

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        parts = wording.messages(words)
        await self._pace.take(to, len(parts))
        for number, part in enumerate(parts):
            if number:
                await self._pause(BREATH)
            await self._send(to, part.kind, {"content": part.content}, repeat_window(key))

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        """A card with buttons as an interactive card, one without as a notice.

        What does not fit stands on the card's page; where there is no page, in a message before the card.
        """
        if not usable(card.url) and not cards.says_all(card):
            await self.say(cards.everything(card), to, f"{key}:all")
        if card.buttons:
            return await self._show(cards.interactive(card, task_id(card.decision, key)), to, key)
        if notice := cards.notice(card):
            return await self._show(notice, to, key)
        await self.say(cards.everything(card), to, key)
        return CardRef()

    async def notify(self, notice: Notice, to: str, key: str) -> None:
        if card := notices.drawn(notice):
            await self._show(card, to, key)
        else:
            await self.say(notices.words(notice), to, key)

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        """Spend the tap's code, else the one the card was sent with; each serves once, within 72 hours."""
        data = dict(ref.data)
        tap = reply_to.data.get("response_code") if reply_to else None
        if tap and await self._update(card, to, tap):
            return CardRef(data)
        sent = data.pop("response_code", None)
        if sent and await self._update(card, to, sent):
            return CardRef(data)
        again = f"again:{card.decision}:{card.version}:{card.content_hash}:{to.lower()}"
        return await self.show(card, to, again)

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        """WeCom knows no write key: within this process a key books once, and an unknown outcome is a refusal."""
        if key not in self._booked:
            body = schedule.request(meeting, organizer, self._agent)
            try:
                answer = await self._client.call("oa/schedule/add", body)
            except OutcomeUnknown as error:
                message = "WeCom did not say whether the meeting is booked; look into the calendar before another try"
                raise ChannelRefused(message, "unknown") from error
            self._booked[key] = str(answer.get("schedule_id", ""))
        return self._booked[key]

    async def download(self, ref: Mapping[str, str], most: int) -> Downloaded:
        """A file that somebody sent to the app; WeCom keeps it for three days."""
        try:
            return await self._client.media(ref["media"], most)
        except ChannelRefused as refused:
            if refused.code == str(NO_MEDIA):
                raise ChannelRefused(str(refused), "gone") from refused
            raise

    async def _show(self, card: Mapping[str, Any], to: str, key: str) -> CardRef:
        await self._pace.take(to, 1)
        try:
            answer = await self._send(to, "template_card", card, repeat_window(key))
        except ChannelRefused as refused:
            if refused.code != str(TASK_EXISTS):
                raise
            log.info("card_was_there_already", task=card.get("task_id"))
            return CardRef()
        return CardRef({name: answer[name] for name in ("response_code", "msgid") if answer.get(name)})

    async def _send(self, to: str, kind: str, content: Mapping[str, Any], window: int) -> Mapping[str, Any]:
        body = {"touser": _one(to), "msgtype": kind, "agentid": self._agent, kind: content,
                "enable_duplicate_check": 1, "duplicate_check_interval": window}  # fmt: skip
        answer = await self._client.call("message/send", body)
        if answer.get("unlicenseduser"):
            raise ChannelRefused(
                f"{to} has no licence for the API (基础账号); assign one", "unlicensed", alert=True
            )
        if answer.get("invaliduser"):
            raise ChannelRefused(f"{to} left, or is outside the app's visible range", "invaliduser")
        return answer

    async def _update(self, card: Card, to: str, code: str) -> bool:
        """Whether the card that the code belongs to says this now."""
        drawn = cards.update(card)
        body = {"userids": [_one(to)], "agentid": self._agent, "response_code": code, "template_card": drawn}
        said = digest(str(drawn))
        try:
            answer = await self._client.call("message/update_template_card", body)
        except OutcomeUnknown:
            self._doubtful[code] = said
            raise
        except ChannelRefused as refused:
            if refused.code != str(CODE_IS_USED):
                raise
            return self._doubtful.pop(code, "") == said
        self._doubtful.pop(code, None)
        return not answer.get("invaliduser")


def _one(to: str) -> str:
    """A single person: `a|b` and `@all` would reach others. Raises `ChannelRefused`."""
    if not to or "|" in to or to.startswith("@"):
        raise ChannelRefused(
            f"{to!r} is not the id of one WeCom user; correct it in the list of users", "touser"
        )
    return to
