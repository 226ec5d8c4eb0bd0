"""A meeting as WeCom's schedule API takes it ("创建日程", path/93703)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.channels import ChannelRefused
from bot.channels.wecom.fit import Fit

SUMMARY, DESCRIPTION, LOCATION, ATTENDEES = 128, 512, 128, 1000
QUARTER_HOUR = 900
BEIJING = 8


def request(meeting: Mapping[str, Any], organizer: str, agent: int) -> dict[str, Any]:
    """The body for `oa/schedule/add`. Raises `ChannelRefused` where the end is not after the start."""
    start, end = meeting["start"], meeting["end"]
    if end <= start:
        raise ChannelRefused(
            f"the meeting ends at {end}, which is not after its start {start}; correct the times"
        )
    fit = Fit()
    people = _once([organizer, *meeting.get("attendees", ())])
    schedule = {
        "admins": [organizer],
        "attendees": [{"userid": person} for person in people[:ATTENDEES]],
        "start_time": int(start.timestamp()),
        "end_time": int(end.timestamp()),
        "summary": fit.line(str(meeting.get("summary") or ""), SUMMARY),
        "description": fit.text(str(meeting.get("description") or ""), DESCRIPTION),
        "location": fit.line(str(meeting.get("location") or ""), LOCATION),
        "reminders": {
            "is_remind": 1,
            "remind_time_diffs": [-QUARTER_HOUR],
            "is_repeat": 0,
            "timezone": BEIJING,
        },
    }
    return {"schedule": schedule, "agentid": agent}


def _once(people: Iterable[str]) -> list[str]:
    """Each person once, as first spelled: WeCom's user ids are case-insensitive."""
    kept: dict[str, str] = {}
    for person in people:
        kept.setdefault(person.lower(), person)
    return list(kept.values())
