"""A tap on one of our cards (page "event-callback-card"); the same body over HTTP and in Stream frames.

Who tapped which card is set by the platform (`userId`, `outTrackId`); what was shown (version and content hash)
travels through the button's parameters and is compared again when the reply is applied.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import structlog
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from bot.channels import CardReply, ReplyAddress, UntrustedEnvelope
from bot.channels.dingtalk.payload import Id, shaped

log = structlog.get_logger()
FORM = "form"
"""Id of the form component, and the parameter its values arrive in."""
CHOICE = "intent"
"""Name of the form's dropdown, and key of `CardReply.selected`."""
SUBMITS = "correct"
"""The button that submitting the form stands for."""
ONE_TAP_S = 10
"""The same tap of the same person within so many seconds is one tap: the platform gives clicks no id of their own."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_SLOT = re.compile(r"b[0-9]")
"""Component ids of our template's buttons: which key a slot has at the moment is in its parameter `button`."""
_TRACK = re.compile(r"yiju-(?P<decision>.+)-[0-9a-f]{12}")


def track_id(decision: str, key: str) -> str:
    """`outTrackId` of the card sent under `key`: one id is one card for ever, so sending again changes nothing."""
    return f"yiju-{decision}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


class CardCallback(BaseModel):
    """The documented core and what SDKs show; `content` is JSON in a string, sometimes an object."""

    model_config = ConfigDict(alias_generator=to_camel)

    type: str = "actionCallback"
    out_track_id: Id
    user_id: Id
    content: Any = None
    value: Any = None
    space_id: Id | Literal[""] | None = None
    action_id: str | None = None


@dataclass(frozen=True)
class _Carried:
    """What the card template sent along with a tap."""

    button: str
    version: str
    content_hash: str
    chosen: str


def read_tap(payload: object, received_at: datetime) -> CardReply | None:
    """None: a card or callback that is none of ours.

    Raises `UntrustedEnvelope` where the body has another shape, names another decision than its card, or lacks what
    the card template must send along (without it a tap would not be bound to what was shown).
    """
    callback = shaped(CardCallback, payload)
    track = _TRACK.fullmatch(callback.out_track_id)
    if track is None or callback.type != "actionCallback":
        return None
    carried = _carried(callback, track["decision"])
    return CardReply(
        key=_key(callback, carried, received_at),
        sender=callback.user_id,
        conversation=callback.space_id or f"card:{callback.out_track_id}",
        decision=track["decision"],
        button=carried.button,
        at=received_at,
        version=int(carried.version),
        content_hash=carried.content_hash,
        selected={CHOICE: carried.chosen} if carried.chosen else {},
        reply_to=ReplyAddress({"outTrackId": callback.out_track_id}),
    )


def _carried(callback: CardCallback, decision: str) -> _Carried:
    actions, params = _private_data(callback)
    form = _form(params)
    values = {**form, **params}
    if str(values.get("decision", decision)) != decision:
        raise UntrustedEnvelope("mismatch", 400)
    submitted = FORM in actions or (bool(form) and not values.get("button"))
    named = [action for action in actions if not _SLOT.fullmatch(action)]
    button = SUBMITS if submitted else str(values.get("button") or next(iter(named), ""))
    version, content_hash = str(values.get("version")), str(values.get("content_hash") or "")
    if not button or not content_hash or not _NUMBER.fullmatch(version):
        log.error("dingtalk_card_template_incomplete", card=callback.out_track_id, sent=sorted(values))
        raise UntrustedEnvelope("shape", 400)
    return _Carried(button, version, content_hash, _chosen(values.get(CHOICE)))


def _private_data(callback: CardCallback) -> tuple[list[str], Mapping[str, Any]]:
    """Ids of the tapped components and the parameters they sent; older shapes put them one level up."""
    content = _object(callback.content) or _object(callback.value)
    private = _object(content.get("cardPrivateData")) or content
    ids = private.get("actionIds") or ([callback.action_id] if callback.action_id else [])
    actions = [action for action in ids if isinstance(action, str)] if isinstance(ids, list) else []
    return actions, _object(private.get("params")) or _object(content.get("params"))


def _form(params: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(params.get(FORM)) or _object(params.get("current_form"))


def _object(value: object) -> Mapping[str, Any]:
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise UntrustedEnvelope("shape", 400) from error
    return value if isinstance(value, dict) else {}


def _chosen(value: object) -> str:
    """A dropdown sends `{index, value}`, a plain parameter the value itself."""
    if isinstance(value, dict):
        value = value.get("value")
    return value if isinstance(value, str) else ""


def _key(callback: CardCallback, carried: _Carried, at: datetime) -> str:
    moment = int(at.timestamp()) // ONE_TAP_S
    tap = repr(
        (callback.out_track_id, callback.user_id, carried.button, carried.version, carried.chosen, moment)
    )
    return f"dingtalk:tap:{hashlib.sha256(tap.encode()).hexdigest()[:32]}"
