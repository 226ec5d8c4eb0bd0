"""WeCom's side of an AI bot: sealed callbacks, addresses that serve once, files sealed with the bot's key.

Written after the platform's pages and apart from the bot's code.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels import Envelope
from tests.fakes.clock import Clock
from tests.fakes.wecom_seal import Seal

Json = dict[str, Any]
BASE = "https://qyapi.weixin.qq.com"
TOKEN, AES_KEY = "bottoken01", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
SETTINGS = {"bot_token": TOKEN, "bot_aes_key": AES_KEY}
LONGEST_ANSWER = 20480
NARROW = {"title": 26, "desc": 30}


@dataclass
class BotPlatform:
    """`say`, `tap`, … give envelopes; `sent` is what came to the addresses, `response` opens a callback's answer."""

    clock: Clock
    sent: list[Json] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    down: bool = False
    _urls: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.seal = Seal(TOKEN, AES_KEY, "")

    def http(self) -> httpx.AsyncClient:
        routes = [
            Route("/cgi-bin/aibot/response", self._respond, methods=["POST"]),
            Route("/files/{name}", self._file, methods=["GET"]),
        ]
        return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url=BASE)

    def say(self, user: str, words: str, **more: Any) -> Envelope:
        return self.message(user, "text", {"content": words}, **more)

    def message(self, user: str, kind: str, payload: Json, msgid: str = "", **more: Any) -> Envelope:
        return self.callback({
            "msgid": msgid or f"MSG{next(self._numbers):06d}", "aibotid": "AIBOTID", "chattype": "single",
            "from": {"userid": user}, "response_url": self.address(), "msgtype": kind, kind: payload, **more,
        })  # fmt: skip

    def enter(self, user: str) -> Envelope:
        return self._event(user, "enter_chat", {})

    def feedback(self, user: str) -> Envelope:
        return self._event(user, "feedback_event", {"id": "F1", "type": 2})

    def tap(self, user: str, card: Json, text: str, chosen: str = "") -> Envelope:
        key = next(one["key"] for one in card["button_list"] if one["text"] == text)
        items = [{"question_key": "intent", "option_ids": {"option_id": [chosen]}}] if chosen else []
        event = {
            "card_type": card["card_type"],
            "event_key": key,
            "task_id": card["task_id"],
            "selected_items": {"selected_item": items},
        }
        return self._event(user, "template_card_event", event, response_url=self.address())

    def send_file(self, user: str, name: str, content: bytes) -> Envelope:
        key = self.seal.key
        pad = 32 - len(content) % 32
        cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        self.files[name] = cipher.update(content + bytes([pad]) * pad) + cipher.finalize()
        return self.message(user, "file", {"url": f"{BASE}/files/{name}"})

    def callback(self, body: Json) -> Envelope:
        sealed = self.seal.encrypt(json.dumps(body, ensure_ascii=False).encode())
        now = self.clock()
        return Envelope(
            "POST", {}, self.seal.query(sealed, now), json.dumps({"encrypt": sealed}).encode(), now
        )

    def address(self) -> str:
        url = f"{BASE}/cgi-bin/aibot/response?response_code=RC{next(self._numbers)}"
        self._urls[url] = self.clock(), False
        return url

    def opened(self, answer: bytes, nonce: str = "nonce123") -> Json:
        """The answer in a callback's response, checked as the platform checks it."""
        outer = json.loads(answer)
        assert set(outer) == {"encrypt", "msgsignature", "timestamp", "nonce"}
        assert outer["nonce"] == nonce
        assert isinstance(outer["timestamp"], int)
        signed = [TOKEN, str(outer["timestamp"]), nonce, outer["encrypt"]]
        assert outer["msgsignature"] == hashlib.sha1("".join(sorted(signed)).encode()).hexdigest()
        return json.loads(_unsealed(outer["encrypt"], self.seal.key))

    def cards(self) -> list[Json]:
        return [one["template_card"] for one in self.sent if one["msgtype"] == "template_card"]

    def words(self) -> list[str]:
        return [one["markdown"]["content"] for one in self.sent if one["msgtype"] == "markdown"]

    def _event(self, user: str, kind: str, event: Json, **more: Any) -> Envelope:
        return self.callback({
            "msgid": f"EVT{next(self._numbers):06d}", "create_time": int(self.clock().timestamp()),
            "aibotid": "AIBOTID", "chattype": "single", "from": {"userid": user}, "msgtype": "event",
            "event": {"eventtype": kind, **({kind: event} if event else {})}, **more,
        })  # fmt: skip

    async def _respond(self, request: Request) -> Response:
        if self.down:
            return Response(status_code=502)
        url, body = str(request.url), await request.json()
        issued, used = self._urls.get(url, (None, True))
        if issued is None or used or self.clock() - issued > timedelta(hours=1):
            return JSONResponse({"errcode": 40014, "errmsg": "invalid response_code"})
        if problem := _problem(body):
            return JSONResponse({"errcode": 40008, "errmsg": problem})
        self._urls[url] = issued, True
        self.sent.append(body)
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def _file(self, request: Request) -> Response:
        content = self.files.get(request.path_params["name"])
        if content is None:
            return Response(status_code=404)
        headers = {"content-disposition": f'attachment; filename="{request.path_params["name"]}"'}
        return Response(content, headers=headers)


def _problem(body: Mapping[str, Any]) -> str:
    match body.get("msgtype"):
        case "markdown":
            words = body["markdown"]["content"]
            return "" if 0 < len(words.encode()) <= LONGEST_ANSWER else "content size"
        case "template_card":
            return card_problem(body["template_card"])
    return "invalid message type"


def card_problem(card: Mapping[str, Any]) -> str:
    """What the platform would object to."""
    if any(len(words) > NARROW[name] for name, words in card.get("main_title", {}).items()):
        return "main_title is too long"
    if card["card_type"] != "button_interaction":
        return "" if card.get("card_action") else "card_action is missing"
    buttons = card.get("button_list", [])
    if not 1 <= len(buttons) <= 6 or any("key" not in one or "url" in one for one in buttons):
        return "button_list"
    if not card.get("task_id"):
        return "task_id is missing"
    rows = card.get("horizontal_content_list", [])
    return "horizontal_content_list" if any(len(row["value"]) > 26 for row in rows) else ""


def _unsealed(sealed: str, key: bytes) -> bytes:
    import base64
    import struct

    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = cipher.update(base64.b64decode(sealed)) + cipher.finalize()
    plain = plain[16 : -plain[-1]]
    (size,) = struct.unpack(">I", plain[:4])
    assert plain[4 + size :] == b"", "an AI bot's receiver is empty"
    return plain[4 : 4 + size]
