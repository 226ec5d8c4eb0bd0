"""Taps as DingTalk sends them, and a clock that stands still."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings

from bot.channels.dingtalk.taps import track_id

UNHURRIED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""For property tests on a machine that has other things to do."""
TRACK = track_id("0123456789abcdef0123", "card:0123456789abcdef0123:zhangsan")
SHOWN = {"decision": "0123456789abcdef0123", "version": "3", "content_hash": "00ff00ff00ff00ff"}


def tapped(
    params: dict[str, Any] | None = None, actions: list[str] | None = None, **changes: Any
) -> dict[str, Any]:
    inner = {
        "actionIds": actions or ["b1"],
        "params": {"button": "confirm", **SHOWN} if params is None else params,
    }
    content = json.dumps({"cardPrivateData": inner})
    whole = {
        "type": "actionCallback",
        "outTrackId": TRACK,
        "corpId": "dinge8a565",
        "userId": "zhangsan",
        "userIdType": 1,
        "spaceType": "IM",
        "spaceId": "cidA1b2==",
        "extension": "",
        "content": content,
        "value": content,
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


@dataclass
class Clock:
    now: datetime = datetime(2026, 8, 20, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
