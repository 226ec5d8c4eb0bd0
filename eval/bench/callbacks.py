"""Callbacks as WeCom sends them: XML, encrypted and signed for one app (page 接收消息与事件)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NewType
from urllib.parse import urlencode
from uuid import uuid4

from defusedxml.ElementTree import fromstring
from wechatpy.enterprise.crypto import WeChatCrypto

PATH = "/wecom/callback"
Happening = NewType("Happening", str)
"""The XML inside: the same for every delivery of it."""


@dataclass(frozen=True)
class App:
    """A self-built app's identity and secrets, as its console page shows them."""

    corp_id: str
    agent_id: int
    secret: str
    token: str
    aes_key: str


BENCH_APP = App(
    "wwbench0000000001", 1000002, "bench-secret", "benchtoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)
"""Made up, and known to nobody but a stub platform."""


@dataclass(frozen=True)
class Callback:
    """One POST: where to, and its body."""

    target: str
    body: bytes


@dataclass
class Callbacks:
    """Writes what happened once, and seals it for each delivery. The clock is wall time in seconds."""

    app: App
    clock: Callable[[], float] = time.time
    crypto: WeChatCrypto = field(init=False)

    def __post_init__(self) -> None:
        crypto = WeChatCrypto(self.app.token, self.app.aes_key, self.app.corp_id)  # type: ignore[no-untyped-call]
        object.__setattr__(self, "crypto", crypto)

    def text(self, sender: str, words: str, message_id: str) -> Happening:
        """A person writes to the app."""
        return self._happening(
            sender, "text", f"<Content>{_cdata(words)}</Content><MsgId>{message_id}</MsgId>"
        )

    def tap(self, sender: str, task_id: str, key: str, response_code: str) -> Happening:
        """A person taps a button of a card."""
        event = (
            f"<Event>{_cdata('template_card_event')}</Event><EventKey>{_cdata(key)}</EventKey>"
            f"<TaskId>{_cdata(task_id)}</TaskId><CardType>{_cdata('button_interaction')}</CardType>"
            f"<ResponseCode>{_cdata(response_code)}</ResponseCode>"
        )
        return self._happening(sender, "event", event)

    def seal(self, happening: Happening) -> Callback:
        """One delivery: encrypted with fresh random bytes, signed for this moment."""
        now, nonce = str(int(self.clock())), uuid4().hex[:10]
        sealed = fromstring(self.crypto.encrypt_message(happening, nonce, now))  # type: ignore[no-untyped-call]
        signature = sealed.findtext("MsgSignature")
        query = urlencode({"msg_signature": signature, "timestamp": now, "nonce": nonce})
        envelope = (
            f"<xml><ToUserName><![CDATA[{self.app.corp_id}]]></ToUserName>"
            f"<AgentID><![CDATA[{self.app.agent_id}]]></AgentID>"
            f"<Encrypt><![CDATA[{sealed.findtext('Encrypt')}]]></Encrypt></xml>"
        )
        return Callback(f"{PATH}?{query}", envelope.encode())

    def _happening(self, sender: str, kind: str, fields: str) -> Happening:
        return Happening(
            f"<xml><ToUserName>{_cdata(self.app.corp_id)}</ToUserName>"
            f"<FromUserName>{_cdata(sender)}</FromUserName><CreateTime>{int(self.clock())}</CreateTime>"
            f"<MsgType>{_cdata(kind)}</MsgType>{fields}<AgentID>{self.app.agent_id}</AgentID></xml>"
        )


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
