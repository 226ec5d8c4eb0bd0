"""Sends a card to one person and changes it later (pages "create-and-deliver-cards", "interactive-card-update-interface")."""

from __future__ import annotations

import re
from typing import Any

import structlog

from bot.card import Card
from bot.channels import CardRef, ChannelBusy, ChannelError, ChannelRefused, ReplyAddress
from bot.channels.dingtalk.card_data import card_data
from bot.channels.dingtalk.client import Client
from bot.channels.dingtalk.open_taps import OpenTaps
from bot.channels.dingtalk.taps import track_id
from bot.channels.dingtalk.text import fit, one_line
from bot.settings import DingTalkSettings

log = structlog.get_logger()
ROUTE = "yiju"
"""`callbackRouteKey` under which the HTTP address for taps is registered."""
INSTANCES = "/v1.0/card/instances"
BY_KEY = {"updateCardDataByKey": True, "updatePrivateDataByKey": True}
"""Without it an update replaces the whole variable set."""
_PASSING = re.compile(r"busy|timeout|time out|flow|limit|繁忙|超时|限流|频繁", re.IGNORECASE)


class Cards:
    def __init__(self, settings: DingTalkSettings, client: Client, taps: OpenTaps) -> None:
        self._settings = settings
        self._client = client
        self._taps = taps
        self._tried: set[str] = set()
        """Cards whose sending ended in doubt: they may exist already, with older data."""
        self._undelivered: set[str] = set()
        """Cards that exist but did not reach the chat."""

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        track = track_id(card.decision, key)
        doubtful = track in self._tried
        self._tried.add(track)
        try:
            if await self._create(card, to, track) or doubtful:
                await self._update(card, track)
        except ChannelRefused:
            self._forget(track)
            raise
        self._forget(track)
        return CardRef({"outTrackId": track})

    async def refresh(self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None) -> CardRef:
        """The tap itself names the card where our own note of it was lost. A card that is gone is sent anew."""
        track = ref.data.get("outTrackId") or (reply_to.data.get("outTrackId") if reply_to else None)
        if track:
            await self._taps.answered(str(track))
            try:
                await self._update(card, str(track))
                return CardRef({"outTrackId": track})
            except ChannelRefused as refused:
                if "param.cardNotExist" not in refused.code:
                    raise
        return await self.show(card, to, f"anew:{card.decision}:{card.version}:{to}:{track or ''}")

    async def _create(self, card: Card, to: str, track: str) -> bool:
        """True where the card had been there before."""
        delivery = self._delivery(card, to)
        if track in self._undelivered:
            answer = await self._client.call(
                "POST", f"{INSTANCES}/deliver", {"outTrackId": track, **_only_delivery(delivery)}
            )
            _check_delivered(answer.get("result"))
            return True
        body = {
            "outTrackId": track,
            "cardTemplateId": self._settings.card_template_id,
            **self._callback(),
            **delivery,
        }
        try:
            answer = await self._client.call("POST", f"{INSTANCES}/createAndDeliver", body)
        except ChannelRefused as refused:
            if "cardAlreadyExist" not in refused.code:
                raise
            return True
        self._undelivered.add(track)
        _check_delivered((answer.get("result") or {}).get("deliverResults"))
        return False

    def _forget(self, track: str) -> None:
        self._tried.discard(track)
        self._undelivered.discard(track)

    async def _update(self, card: Card, track: str) -> None:
        data = {"cardParamMap": card_data(card)}
        body = {"outTrackId": track, "cardData": data, "cardUpdateOptions": BY_KEY, "userIdType": 1}
        await self._client.call("PUT", INSTANCES, body)

    def _callback(self) -> dict[str, Any]:
        """No default is documented, so it is always said how taps come back."""
        if self._settings.mode == "stream":
            return {"callbackType": "STREAM"}
        return {"callbackType": "HTTP", "callbackRouteKey": ROUTE}

    def _delivery(self, card: Card, to: str) -> dict[str, Any]:
        if re.search(r"[;/\s]", to) or not to:
            raise ChannelRefused(f"{to!r} is no DingTalk user id", "param.userIdNotExist")
        notice = fit(one_line(f"{card.title} {card.subtitle}"), 180) or "依据"
        return {
            "userIdType": 1,
            "cardData": {"cardParamMap": card_data(card)},
            "openSpaceId": f"dtv1.card//IM_ROBOT.{to}",
            "imRobotOpenSpaceModel": {
                "supportForward": False,
                "lastMessageI18n": {"ZH_CN": notice},
                "notification": {"alertContent": notice, "notificationOff": False},
            },
            "imRobotOpenDeliverModel": {
                "spaceType": "IM_ROBOT",
                "robotCode": robot_code(self._settings),
                "extension": {},
            },
        }


def robot_code(settings: DingTalkSettings) -> str:
    """Of an internal app it is normally the Client ID."""
    return settings.robot_code or settings.client_id


def _only_delivery(delivery: dict[str, Any]) -> dict[str, Any]:
    return {name: delivery[name] for name in ("userIdType", "openSpaceId", "imRobotOpenDeliverModel")}


def _check_delivered(results: Any) -> None:
    """HTTP 200 is not delivery: each space says for itself."""
    failed = [result for result in results or () if not result.get("success")]
    if results and not failed:
        return
    why = str(failed[0].get("errorMsg", "")) if failed else "no space was named in the answer"
    log.warning("dingtalk_card_undelivered", reason=why)
    raise _undelivered(why)


def _undelivered(why: str) -> ChannelError:
    said = f"DingTalk made the card but did not deliver it: {why}"
    if _PASSING.search(why):
        return ChannelBusy(said, "undelivered", 2.0)
    return ChannelRefused(said, "undelivered", alert=True)
