"""Frames of Stream mode and what is answered to them (page "develop-stream-mode-push-server"); no I/O.

`data` is JSON in a string, on the way in and on the way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from bot.channels.dingtalk.payload import parsed, shaped

MESSAGE_TOPICS = frozenset({"/v1.0/im/bot/messages/get", "/v1.0/im/bot/messages/delegate"})
CARD_TOPIC = "/v1.0/card/instances/callback"
SUBSCRIPTIONS = (
    {"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"},
    {"type": "CALLBACK", "topic": CARD_TOPIC},
)
"""What is not subscribed is silently not delivered."""


class _Headers(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    topic: str = ""
    message_id: str = Field(alias="messageId", min_length=1)


class Frame(BaseModel):
    """One frame of the platform's. `data` stays unread until somebody serves the topic."""

    type: str
    headers: _Headers
    data: Any = None

    @property
    def topic(self) -> str:
        return self.headers.topic

    @property
    def is_disconnect(self) -> bool:
        return self.type == "SYSTEM" and self.topic == "disconnect"

    def payload(self) -> object:
        """Raises `UntrustedEnvelope` where `data` is no JSON in a string."""
        return parsed(self.data if isinstance(self.data, str) else "")


def read_frame(raw: str | bytes) -> Frame:
    """Raises `UntrustedEnvelope` where it is no frame; without a message id there is nothing to answer to."""
    return shaped(Frame, parsed(raw))


@dataclass(frozen=True)
class Answer:
    """An ACK: 200 done, 400 not understood, 404 not served, 500 our fault. `data` is what the topic expects."""

    frame: Frame
    data: str
    code: int = 200
    message: str = "OK"

    def raw(self) -> str:
        headers = {"messageId": self.frame.headers.message_id, "contentType": "application/json"}
        body = {"code": self.code, "headers": headers, "message": self.message, "data": self.data}
        return orjson.dumps(body).decode()


def answer(frame: Frame, data: Mapping[str, Any], code: int = 200, message: str = "OK") -> Answer:
    return Answer(frame, orjson.dumps(dict(data)).decode(), code, message)


def pong(frame: Frame) -> Answer:
    """A ping gets its own data back."""
    return Answer(frame, frame.data if isinstance(frame.data, str) else "{}")
