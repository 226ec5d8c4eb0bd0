"""Meetings in a person's DingTalk calendar, once per key (page "create-schedule")."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.dingtalk.client import Client

log = structlog.get_logger()
ZONE = "Asia/Shanghai"


class Calendar:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._unions: dict[str, str] = {}

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        """The platform's id of the event. An attendee DingTalk does not know is left out, the organizer may not be."""
        owner = await self._union(organizer)
        guests = await self._guests(meeting.get("attendees") or (), owner)
        path = f"/v1.0/calendar/users/{owner}/calendars/primary/events"
        marked = {"x-client-token": hashlib.sha256(key.encode()).hexdigest()}
        answer = await self._client.call("POST", path, event(meeting, guests), marked)
        if not answer.get("id"):
            raise ChannelBusy("DingTalk answered without an event id", "shape")
        return str(answer["id"])

    async def _guests(self, attendees: Iterable[str], owner: str) -> list[str]:
        guests = []
        for attendee in attendees:
            try:
                guests.append(await self._union(attendee))
            except ChannelRefused as refused:
                if refused.alert:
                    raise
                log.warning("dingtalk_attendee_unknown", code=refused.code)
        return [guest for guest in dict.fromkeys(guests) if guest != owner]

    async def _union(self, user: str) -> str:
        """Calendars want the unionid (page "query-user-details"); it never changes, so it is asked for once."""
        if user not in self._unions:
            answer = await self._client.call_old("/topapi/v2/user/get", {"userid": user, "language": "zh_CN"})
            union = (answer.get("result") or {}).get("unionid")
            if not union:
                raise ChannelRefused(f"DingTalk names no unionid of user {user}", "33012")
            self._unions[user] = str(union)
        return self._unions[user]


def event(meeting: Mapping[str, Any], guests: list[str]) -> dict[str, Any]:
    """The event's body; times as people here read them, both in one zone as the platform asks."""
    body: dict[str, Any] = {
        "summary": str(meeting["summary"])[:2048],
        "description": str(meeting.get("description") or "")[:5000],
        "start": _time(meeting["start"]),
        "end": _time(meeting["end"]),
        "isAllDay": False,
        "attendees": [{"id": guest, "isOptional": False} for guest in guests[:500]],
        "reminders": [{"method": "dingtalk", "minutes": 15}],
    }
    if meeting.get("location"):
        body["location"] = {"displayName": str(meeting["location"])}
    return body


def _time(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(ZoneInfo(ZONE)).isoformat(timespec="seconds"), "timeZone": ZONE}
