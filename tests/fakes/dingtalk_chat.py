"""What DingTalk sends us when people write to the robot and tap its cards, and a line to it that can be watched."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx

from bot.channels import Envelope
from bot.channels.dingtalk.signature import card_secret, card_signature, robot_signature
from tests.fakes.clock import Clock
from tests.fakes.dingtalk_platform import CLIENT_ID, CLIENT_SECRET, DingTalkPlatform

Payload = dict[str, Any]
API, OAPI = "http://api.dingtalk.test", "http://oapi.dingtalk.test"
SETTINGS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "card_template_id": "tpl-1.schema",
            "api_base": API, "oapi_base": OAPI}  # fmt: skip
PATIENCE_S = 10.0


class DingTalkChat:
    """One chat of each person with the robot. Cards are tapped as they look now, so a stale tap must be kept."""

    def __init__(self, platform: DingTalkPlatform, clock: Clock) -> None:
        self.platform = platform
        self._clock = clock
        self._numbers = itertools.count(1)

    def message(self, user: str, text: str, msg_id: str = "", **changes: Any) -> Payload:
        """A robot message, a second later; its session webhook is one that the platform knows."""
        self._clock.advance(seconds=1)
        self.platform.sessions.add(user)
        at = int(self._clock.now.timestamp() * 1000)
        whole = {
            "conversationId": f"cid-{user}",
            "conversationType": "1",
            "chatbotUserId": "$:LWCP_v1:$bot",
            "robotCode": CLIENT_ID,
            "msgId": msg_id or f"msg{next(self._numbers)}",
            "createAt": at,
            "senderNick": user,
            "senderStaffId": user,
            "senderId": f"$:LWCP_v1:${user}",
            "sessionWebhook": f"{OAPI}/robot/sendBySession?session={user}",
            "sessionWebhookExpiredTime": at + 5_400_000,
            "msgtype": "text",
            "text": {"content": text},
        }
        return whole | changes

    def cards(self, user: str) -> list[str]:
        """`outTrackId` of the cards in somebody's chat, oldest first."""
        return [track for track, to in self.platform.deliveries if to == user]

    def shown(self, track: str) -> dict[str, str]:
        """The variables of a card as it looks now."""
        return dict(self.platform.cards[track])

    def tap(self, user: str, track: str, button: str) -> Payload:
        """The button with that text, as the template sends it: its slot and what it carries."""
        card = self.shown(track)
        slot = next(f"b{one}" for one in range(1, 5) if card[f"b{one}_text"] == button)
        params = {"button": card[f"{slot}_key"], **_carried(card)}
        return self._callback(user, track, [slot], params)

    def submit(self, user: str, track: str, choice: str) -> Payload:
        """The form with another intent chosen."""
        card = self.shown(track)
        (dropdown,) = (field for field in json.loads(card["form"])["fields"] if field["type"] == "SELECT")
        index = [option["value"] for option in dropdown["options"]].index(choice)
        values = {"intent": {"index": index, "value": choice}, **_carried(card)}
        return self._callback(user, track, ["form"], {"form": values})

    def _callback(self, user: str, track: str, actions: list[str], params: Payload) -> Payload:
        self._clock.advance(seconds=1)
        content = json.dumps(
            {"cardPrivateData": {"actionIds": actions, "params": params}}, ensure_ascii=False
        )
        return {"type": "actionCallback", "outTrackId": track, "corpId": "dinge8a565", "userId": user,
                "userIdType": 1, "spaceType": "IM", "spaceId": f"cid-{user}", "content": content}  # fmt: skip

    def robot_callback(self, payload: Payload | bytes) -> Envelope:
        """HTTP mode: a message, signed with the app's secret."""
        timestamp = self._timestamp()
        headers = {"timestamp": timestamp, "sign": robot_signature(CLIENT_SECRET, timestamp)}
        return Envelope("POST", headers, {}, _body(payload), self._clock.now)

    def card_callback(self, payload: Payload | bytes, secret: str = "") -> Envelope:
        """HTTP mode: a tap, signed with the secret that its address was registered with."""
        timestamp = self._timestamp()
        sign = card_signature(secret or card_secret(CLIENT_SECRET), timestamp)
        headers = {"x-ddpaas-signature-timestamp": timestamp, "x-ddpaas-signature": sign}
        return Envelope("POST", headers, {}, _body(payload), self._clock.now)

    def _timestamp(self) -> str:
        return str(int(self._clock.now.timestamp() * 1000))


class WatchedLine(httpx.AsyncBaseTransport):
    """The way to the platform. `until` waits for what the bot's calls bring about."""

    def __init__(self, platform: DingTalkPlatform) -> None:
        self._line = platform.transport
        self._called = asyncio.Condition()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._line.handle_async_request(request)
        async with self._called:
            self._called.notify_all()
        return response

    async def until(self, come_true: Callable[[], bool]) -> None:
        async with self._called:
            await asyncio.wait_for(self._called.wait_for(come_true), PATIENCE_S)


def _carried(card: dict[str, str]) -> dict[str, str]:
    return {name: card[name] for name in ("decision", "version", "content_hash")}


def _body(payload: Payload | bytes) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
