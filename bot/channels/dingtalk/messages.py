"""What a person said to the robot. HTTP callbacks and Stream frames carry the same body (page "receive-message")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.channels import FileSent, Heard, Outcome, ReplyAddress, Unsupported, UntrustedEnvelope
from bot.channels.dingtalk.payload import Id, shaped

log = structlog.get_logger()
GROUP = "2"
_LATEST_MS = 253_402_300_799_000


class RobotMessage(BaseModel):
    """The fields we read. Samples and tables disagree on number or string, so both are taken."""

    model_config = ConfigDict(alias_generator=to_camel, coerce_numbers_to_str=True)

    msg_id: Id
    msgtype: str = Field(alias="msgtype")
    conversation_id: Id
    conversation_type: str = "1"
    create_at: int | None = Field(None, ge=0, le=_LATEST_MS)
    sender_id: Id | Literal[""] = ""
    sender_staff_id: Id | Literal[""] | None = None
    sender_nick: str | None = None
    robot_code: str | None = None
    chatbot_user_id: str | None = None
    session_webhook: str | None = None
    session_webhook_expired_time: int | None = Field(None, ge=0, le=_LATEST_MS)
    text: dict[str, Any] | None = None
    content: Any = None
    error_code: str | None = None

    @property
    def sender(self) -> str:
        """The staff id; where it is missing (robot unpublished, outsider) an opaque id that is nobody of ours."""
        return self.sender_staff_id or self.sender_id

    @property
    def thread(self) -> str:
        """Of a group each speaker is a thread of their own: what one rep asks about is not the other's context."""
        return (
            f"{self.conversation_id}:{self.sender}"
            if self.conversation_type == GROUP
            else self.conversation_id
        )

    @property
    def reply_to(self) -> ReplyAddress:
        """The webhook answers into the conversation, so that of a group is not kept: answers name customers."""
        if not self.session_webhook or self.conversation_type == GROUP:
            return ReplyAddress()
        return ReplyAddress(
            {"webhook": self.session_webhook, "until": self.session_webhook_expired_time or 0}
        )


def read_message(payload: object, robot_code: str, received_at: datetime) -> Outcome:
    """Raises `UntrustedEnvelope` where the body is not such a message or is meant for another robot."""
    message = shaped(RobotMessage, payload)
    if not message.sender:
        raise UntrustedEnvelope("shape", 400)
    if message.robot_code and message.robot_code != robot_code:
        raise UntrustedEnvelope("receiver")
    at = _instant(message.create_at) if message.create_at is not None else received_at
    words = _words(message)
    if words is None:
        return _file(message, at) or _unsupported(message, at)
    return Heard(
        key=_key(message),
        sender=message.sender,
        conversation=message.thread,
        text=words,
        at=at,
        quoted=_quoted(message),
        reply_to=message.reply_to,
        sender_name=_clean(message.sender_nick or ""),
    )


def _words(message: RobotMessage) -> str | None:
    """What was said, in text, in rich text, or aloud; None where the message holds no words."""
    content = message.content if isinstance(message.content, dict) else {}
    match message.msgtype:
        case "text":
            words = (message.text or {}).get("content", content.get("content", message.content))
            return _clean(words) if isinstance(words, str) else None
        case "richText":
            return _rich(content.get("richText")) or None
        case "audio":
            recognised = content.get("recognition")
            return (_clean(recognised) or None) if isinstance(recognised, str) else None
    return None


def _rich(pieces: object) -> str:
    """The texts of a rich text in order; a picture between them parts them."""
    if not isinstance(pieces, list):
        return ""
    texts = [_piece(piece) for piece in pieces]
    return _clean("".join(text if text else "\n" for text in texts))


def _piece(piece: object) -> str:
    """Received rich text says `text`; a quoted one says `content` and `msgType`."""
    if not isinstance(piece, dict):
        return ""
    text = piece.get("text", piece.get("content"))
    return text if isinstance(text, str) else ""


def _quoted(message: RobotMessage) -> str:
    """The message these words reply to. Undocumented (`isReplyMsg`, `repliedMsg`), so nothing depends on it.

    What the robot itself said is no customer's word and is left out.
    """
    replied = (message.text or {}).get("repliedMsg")
    if not isinstance(replied, dict) or replied.get("senderId") == message.chatbot_user_id:
        return ""
    content = replied.get("content")
    if not isinstance(content, dict):
        return ""
    text = content.get("text")
    return _clean(text) if isinstance(text, str) else _rich(content.get("richText"))


def _file(message: RobotMessage, at: datetime) -> FileSent | None:
    """A file with the code it is fetched by; None for anything else."""
    content = message.content if isinstance(message.content, dict) else {}
    code, name = content.get("downloadCode"), content.get("fileName")
    if message.msgtype != "file" or not isinstance(code, str) or not code:
        return None
    return FileSent(
        key=_key(message),
        sender=message.sender,
        conversation=message.thread,
        name=_clean(name) if isinstance(name, str) else "",
        ref={"code": code},
        at=at,
        reply_to=message.reply_to,
    )


def _unsupported(message: RobotMessage, at: datetime) -> Unsupported:
    kind = message.msgtype
    if message.error_code:  # 20001: the month's message quota is used up, and the words are withheld
        log.error(
            "dingtalk_words_withheld",
            code=message.error_code,
            advice="raise the message quota of the organisation",
        )
        kind = f"error {message.error_code}"
    return Unsupported(_key(message), message.sender, message.thread, kind, at, message.reply_to)


def _key(message: RobotMessage) -> str:
    return f"dingtalk:{message.msg_id}"


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _clean(text: str) -> str:
    """A group's mention leaves a space in front; NUL is refused by PostgreSQL."""
    return text.replace("\x00", "").strip()
