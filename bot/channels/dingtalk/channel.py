"""DingTalk as a channel: what comes in by HTTP is checked and read, cards, words and meetings go out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.card import Card, Notice
from bot.channels import CardRef, CardReply, Downloaded, Envelope, Outcome, ReplyAddress, UntrustedEnvelope
from bot.channels.dingtalk import signature, signin
from bot.channels.dingtalk.answering import OnOutcome
from bot.channels.dingtalk.calendar import Calendar
from bot.channels.dingtalk.card_data import card_data
from bot.channels.dingtalk.cards import BY_KEY, ROUTE, Cards, robot_code
from bot.channels.dingtalk.client import PER_SECOND, Client
from bot.channels.dingtalk.downloads import Downloads
from bot.channels.dingtalk.messages import read_message
from bot.channels.dingtalk.open_taps import OpenTaps
from bot.channels.dingtalk.payload import LARGEST, parsed
from bot.channels.dingtalk.stream import Stream
from bot.channels.dingtalk.taps import read_tap
from bot.channels.dingtalk.words import Words
from bot.settings import DingTalkSettings
from bot.sharing import Allowance, TokenShelf

NO_REPLY: Mapping[str, Any] = {"msgtype": "empty"}
"""Answer to a robot's HTTP callback: words follow by themselves."""
TIMEOUT_S = 5.0


class DingTalk:
    """One internal app with a robot. Everything that sends raises `ChannelBusy` or `ChannelRefused`."""

    name = "dingtalk"

    def __init__(
        self,
        settings: DingTalkSettings,
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        per_second: float = PER_SECOND,
        card_callback: str = "",
        shelf: TokenShelf | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """`card_callback`: our address for taps in HTTP mode, registered by the first `warm`.

        `shelf` and `allowance`: what is shared with other processes that send for the same app.
        """
        self._settings = settings
        self._clock = clock
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT_S)
        self._owns_http = http is None
        self._client = Client(settings, self._http, clock, per_second, shelf, allowance)
        self._taps = OpenTaps()
        self._cards = Cards(settings, self._client, self._taps)
        self._words = Words(settings, self._client, clock)
        self._calendar = Calendar(self._client)
        self._downloads = Downloads(settings, self._client, robot_code(settings))
        self._to_register = card_callback if settings.mode == "http" else ""

    def open(self, envelope: Envelope) -> Outcome | None:
        """A robot's or a card's callback, told apart by the header that signs it. Raises `UntrustedEnvelope`."""
        if len(envelope.body) > LARGEST:
            raise UntrustedEnvelope("size", 413)
        secret = self._settings.client_secret.get_secret_value()
        if signature.CARD_SIGNATURE in envelope.headers:
            signature.check_card(envelope, secret)
            return read_tap(parsed(envelope.body), envelope.received_at)
        signature.check_robot(envelope, secret)
        return read_message(parsed(envelope.body), robot_code(self._settings), envelope.received_at)

    def answering(self, tap: CardReply) -> AbstractContextManager[None]:
        """HTTP mode: `with` this around the answer to a tap; `refresh` in this process waits for its end."""
        return self._taps.held(str(tap.reply_to.data.get("outTrackId", "")))

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        await self._words.say(words, to, key, reply_to)

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        """The same key is the same card: sent twice, it is there once."""
        return await self._cards.show(card, to, key)

    async def notify(self, notice: Notice, to: str, key: str) -> None:
        await self._words.notify(notice, to)

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        """Waits until a tap on this card is answered: the platform forbids changing it before."""
        return await self._cards.refresh(card, to, ref, reply_to)

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        """The platform remembers a key for a day."""
        return await self._calendar.book(meeting, organizer, key)

    async def download(self, ref: Mapping[str, str], most: int) -> Downloaded:
        """A file that somebody sent to the robot."""
        return await self._downloads.download(ref, most)

    def sign_in_url(self, back: str, state: str) -> str:
        return signin.sign_in_url(self._settings, back, state)

    async def who(self, code: str) -> str | None:
        return await signin.who(self._settings, self._client, code)

    def stream(self, on_outcome: OnOutcome) -> Stream:
        """The connection of Stream mode; it and `refresh` know of each other's taps."""
        return Stream(self._settings, on_outcome, http=self._http, taps=self._taps, clock=self._clock)

    async def warm(self) -> None:
        """At start and every few minutes: the token is renewed before a message needs it."""
        await self._client.tokens.warm()
        if self._to_register:
            await self.register_card_callback(self._to_register)
            self._to_register = ""

    async def register_card_callback(self, url: str) -> None:
        """Taps go to this address, signed with a secret made from the app's own."""
        secret = signature.card_secret(self._settings.client_secret.get_secret_value())
        body = {"callbackRouteKey": ROUTE, "callbackUrl": url, "apiSecret": secret, "forceUpdate": True}
        await self._client.call("POST", "/v1.0/card/callbacks/register", body)

    async def close(self) -> None:
        if self._owns_http:
            await self._http.aclose()


def card_answer(card: Card) -> dict[str, Any]:
    """The answer to a tap that changes the tapped card at once: an HTTP body, or what `on_outcome` returns."""
    return {"cardUpdateOptions": BY_KEY, "cardData": {"cardParamMap": card_data(card)}}
