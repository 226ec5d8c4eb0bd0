"""What an AI bot hears, in the bot's words. Fields as on "接收消息" (path/100719) and "接收事件" (path/101027)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import structlog
from pydantic import BaseModel, Field, ValidationError

from bot.channels import (
    CardReply,
    Entered,
    FileSent,
    Heard,
    Outcome,
    ReplyAddress,
    Unsupported,
    UntrustedEnvelope,
)
from bot.channels.wecom.keys import CLOSED, read_button_key

log = structlog.get_logger()
GROUP = "group"
_MENTION = re.compile(r"^@\S+\s*")


class From(BaseModel):
    userid: str = Field(min_length=1)


class Words(BaseModel):
    content: str = ""


class Part(BaseModel):
    msgtype: str
    text: Words = Words()


class Mixed(BaseModel):
    """Words and pictures in one message."""

    msg_item: list[Part] = Field(default_factory=list)

    @property
    def words(self) -> str:
        return "\n".join(part.text.content for part in self.msg_item if part.text.content)


class File(BaseModel):
    url: str = ""
    filename: str = ""


class Quote(BaseModel):
    msgtype: str = ""
    text: Words = Words()
    mixed: Mixed = Mixed()
    voice: Words = Words()

    @property
    def words(self) -> str:
        return self.text.content or self.voice.content or self.mixed.words


class OptionIds(BaseModel):
    option_id: list[str] = []


class SelectedItem(BaseModel):
    question_key: str = ""
    option_ids: OptionIds = OptionIds()


class SelectedItems(BaseModel):
    """What was chosen in a card's dropdowns."""

    selected_item: list[SelectedItem] = []


class Received(BaseModel):
    """A decrypted callback; ids stay text."""

    id: str = Field(alias="msgid", min_length=1)
    sender: From = Field(alias="from")
    kind: str = Field(alias="msgtype")
    chat_kind: str = Field("single", alias="chattype")
    response_url: str = ""
    text: Words = Words()
    mixed: Mixed = Mixed()
    voice: Words = Words()
    file: File = File()
    quote: Quote = Quote()
    event: dict[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"wecom_bot:{self.id}"

    @property
    def conversation(self) -> str:
        """One-to-one chats; WeCom's user ids differ in case here and there."""
        return f"wecom_bot:{self.sender.userid.lower()}"

    @property
    def reply_to(self) -> ReplyAddress:
        return ReplyAddress({"response_url": self.response_url} if self.response_url else {})


def read(sealed: str, at: datetime) -> Outcome | None:
    """What a decrypted callback says; None where it is nothing we serve. Raises `UntrustedEnvelope`.

    In a group everybody would read a customer's figures, so a group gets a sentence and no card.
    """
    try:
        received = Received.model_validate(orjson.loads(sealed))
    except (ValidationError, orjson.JSONDecodeError) as error:
        raise UntrustedEnvelope("malformed", 400) from error
    if received.kind == "event":
        return _event(received, at)
    if received.kind == "stream":
        return None  # we answer no message with a stream, so there is none to go on with
    if received.chat_kind == GROUP:
        return _unsupported(received, GROUP, at)
    if received.kind == "file" and received.file.url:
        return FileSent(
            key=received.key,
            sender=received.sender.userid,
            conversation=received.conversation,
            name=received.file.filename,
            ref={"url": received.file.url},
            at=at,
            reply_to=received.reply_to,
        )
    words = _words(received)
    return _heard(received, words, at) if words.strip() else _unsupported(received, received.kind, at)


def _words(received: Received) -> str:
    words = {
        "text": received.text.content,
        "voice": received.voice.content,
        "mixed": received.mixed.words,
    }
    return _MENTION.sub("", words.get(received.kind, ""))


def _heard(received: Received, words: str, at: datetime) -> Heard:
    return Heard(
        key=received.key,
        sender=received.sender.userid,
        conversation=received.conversation,
        text=words,
        at=at,
        quoted=received.quote.words,
        reply_to=received.reply_to,
    )


def _unsupported(received: Received, kind: str, at: datetime) -> Unsupported:
    return Unsupported(
        received.key, received.sender.userid, received.conversation, kind, at, received.reply_to
    )


def _event(received: Received, at: datetime) -> Outcome | None:
    kind = received.event.get("eventtype")
    match kind:
        case "enter_chat":
            return Entered(received.key, received.sender.userid, received.conversation, at)
        case "template_card_event":
            return _tap(received, received.event.get(kind), at)
        case "feedback_event":
            said = received.event.get(kind)
            verdict = said.get("type") if isinstance(said, dict) else None
            log.info("wecom_bot_feedback", sender=received.sender.userid, verdict=verdict)
    return None


def _tap(received: Received, event: object, at: datetime) -> CardReply | None:
    if not isinstance(event, dict):
        raise UntrustedEnvelope("malformed", 400)
    tapped = read_button_key(str(event.get("event_key", "")), str(event.get("task_id", "")))
    if tapped.button == CLOSED:
        return None
    return CardReply(
        key=received.key,
        sender=received.sender.userid,
        conversation=received.conversation,
        decision=tapped.decision,
        button=tapped.button,
        at=at,
        version=tapped.version,
        content_hash=tapped.content_hash,
        selected=_selected(event),
        reply_to=ReplyAddress({
            **received.reply_to.data, "callback": received.key, "task_id": str(event.get("task_id", "")),
        }),
    )  # fmt: skip


def _selected(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Question → chosen option; the dropdown of a card gives exactly one."""
    try:
        items = SelectedItems.model_validate(event.get("selected_items") or {}).selected_item
    except ValidationError as error:
        raise UntrustedEnvelope("malformed", 400) from error
    return {one.question_key: next(iter(one.option_ids.option_id), "") for one in items}
