"""What arrived, in the bot's words: text, taps on cards, people who come in, kinds that are not served.

Fields as on "消息格式" (path/90239) and "事件格式" (path/90240). wechatpy's own parser is not used: it knows no
`template_card_event`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

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
from bot.channels.wecom import envelope
from bot.channels.wecom.keys import CLOSED, read_button_key

log = structlog.get_logger()
ARRIVALS = frozenset({"enter_agent", "subscribe"})
TROUBLE = frozenset({
    "inactive_alert", "close_inactive_agent", "low_active_alert", "low_active",
})  # fmt: skip
"""WeCom switches off apps that are little used; an operator has to act."""


class Received(BaseModel):
    """The fields of a decrypted callback that the bot looks at; ids stay text (`MsgId` has 64 bits)."""

    sender: str = Field(alias="FromUserName")
    created: int = Field(alias="CreateTime", ge=0, lt=2**40)
    kind: str = Field(alias="MsgType")
    message: str = Field("", alias="MsgId")
    agent: str = Field("", alias="AgentID")
    content: str = Field("", alias="Content")
    media: str = Field("", alias="MediaId")
    file_name: str = Field("", alias="FileName")
    event: str = Field("", alias="Event")
    event_key: str = Field("", alias="EventKey")
    task: str = Field("", alias="TaskId")
    response_code: str = Field("", alias="ResponseCode")
    change: str = Field("", alias="ChangeType")
    user: str = Field("", alias="UserID")
    external_user: str = Field("", alias="ExternalUserID")
    chat: str = Field("", alias="ChatId")

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def conversation(self) -> str:
        """A self-built app hears one-to-one chats only; WeCom's user ids differ in case here and there."""
        return f"wecom:{self.sender.lower()}"

    @property
    def key(self) -> str:
        """Recognises a redelivery.

        `MsgId` alone was seen twice for different people, and the documented key of events (sender and second) drops
        two events of one second; so all that tells them apart goes in.
        """
        always = [self.message or self.agent, self.sender, str(self.created)]
        of_event = [self.event, self.event_key, self.task, self.response_code]
        of_others = [self.change, self.user, self.external_user, self.chat]
        parts = always if self.message else [*always, *of_event, *of_others]
        return "wecom:" + hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()


def read(xml: str) -> Outcome | None:
    """What a decrypted callback says; None where it is nothing we serve. Raises `UntrustedEnvelope`."""
    root = envelope.parse(xml)
    try:
        received = Received.model_validate(envelope.fields(root))
    except ValidationError as error:
        raise UntrustedEnvelope("malformed", 400) from error
    if received.sender in {"", "sys"}:
        return None
    match received.kind.lower():
        case "text":
            return Heard(received.key, received.sender, received.conversation, received.content, received.at)
        case "event":
            return _event(received, root)
        case "file" if (
            received.media
        ):  # not documented for apps; where it comes, it is fetched like any media
            return _file(received)
        case kind:
            return Unsupported(received.key, received.sender, received.conversation, kind, received.at)


def _file(received: Received) -> FileSent:
    return FileSent(
        key=received.key,
        sender=received.sender,
        conversation=received.conversation,
        name=received.file_name,
        ref={"media": received.media},
        at=received.at,
    )


def _event(received: Received, root: Element) -> Outcome | None:
    match received.event.lower():
        case "template_card_event":
            return _tap(received, root)
        case event if event in ARRIVALS:
            return Entered(received.key, received.sender, received.conversation, received.at)
        case event if event in TROUBLE:
            log.warning("wecom_app_fades", wecom_event=event)
    return None


def _tap(received: Received, root: Element) -> CardReply | None:
    tapped = read_button_key(received.event_key, received.task)
    if tapped.button == CLOSED:
        return None
    return CardReply(
        key=received.key,
        sender=received.sender,
        conversation=received.conversation,
        decision=tapped.decision,
        button=tapped.button,
        at=received.at,
        version=tapped.version,
        content_hash=tapped.content_hash,
        selected=_selected(root),
        reply_to=ReplyAddress({"response_code": received.response_code} if received.response_code else {}),
    )


def _selected(root: Element) -> Mapping[str, str]:
    """Question → chosen option; the dropdown of a card gives exactly one."""
    items = root.iterfind("SelectedItems/SelectedItem")
    return {item.findtext("QuestionKey", ""): item.findtext("OptionIds/OptionId", "") for item in items}
