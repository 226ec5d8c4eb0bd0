"""The borders where strangers' bytes come in, each with right samples to begin from and the refusals it may answer with."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from bot.channels import Envelope, UntrustedEnvelope
from bot.channels.dingtalk.messages import read_message
from bot.channels.dingtalk.payload import parsed
from bot.channels.dingtalk.taps import read_tap
from bot.channels.wecom import inbound as wecom
from bot.channels.wecom.envelope import Gate, sealed_json
from bot.channels.wecom_bot import inbound as bot
from bot.demo.company import documents
from crm_bridge.events import EventUnreadable, split
from knowledge.readers import FORMATS, Unreadable, read
from knowledge.readers.container import ZIPPED

from .callbacks import BENCH_APP, Callbacks
from .mutation import NASTY, json_input, mutated, xml_input, zipped_input

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
MEDIA = (
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json",
    "text/plain",
    "",
    "x/;;",
)
LARGEST_SAMPLE = 60_000


@dataclass(frozen=True)
class Target:
    """One border. `make` gives the next input; `run` raises what is in `refusals`, or nothing, or it crashed."""

    name: str
    make: Callable[[random.Random], bytes]
    run: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]


def parsers() -> list[Target]:
    """Everything that reads bytes without a server around it."""
    app = Gate(BENCH_APP.token, BENCH_APP.aes_key, BENCH_APP.corp_id)
    answering = Gate(BENCH_APP.token, BENCH_APP.aes_key, "", sealed_json)
    said = Callbacks(BENCH_APP, clock=NOW.timestamp)
    xml = [
        said.text("zhangsan", "客户华东仁和说:50台什么价", "70001").encode(),
        said.tap("zhangsan", "d1@0", "confirm", "code").encode(),
    ]
    untrusted = (UntrustedEnvelope,)
    return [
        Target("WeCom: words inside a right seal", lambda c: xml_input(c.choice(xml), c), lambda body: _app(app, body), untrusted),
        Target("WeCom: the sealed envelope", lambda c: mutated(_sealed(app, c.choice(xml)), c), lambda body: _open(app, body), untrusted),
        Target("WeCom AI bot: words inside a right seal", lambda c: json_input(BOT, c), lambda body: _bot(answering, body), untrusted),
        Target("WeCom AI bot: the sealed envelope", lambda c: mutated(_sealed_json(answering), c), lambda body: _open(answering, body), untrusted),
        Target("DingTalk: a robot's message", lambda c: json_input(ROBOT, c), lambda body: read_message(parsed(body), "robot", NOW), untrusted),
        Target("DingTalk: a card's tap", lambda c: json_input(TAP, c), lambda body: read_tap(parsed(body), NOW), untrusted),
        Target("events", lambda c: c.choice(MEDIA).encode() + b"\n" + json_input(EVENTS, c), _event, (EventUnreadable,)),
        *(Target(f"documents: {suffix}", _document(suffix), partial(_read, suffix), (Unreadable,)) for suffix in FORMATS),
    ]  # fmt: skip


def api_requests(
    description: dict[str, Any], chance: random.Random, known: dict[str, str]
) -> tuple[str, str, dict[str, str], bytes]:
    """Method, path with query, headers and body of the next request: some operation of the OpenAPI, nearly right."""
    path = chance.choice(sorted(description["paths"]))
    method = chance.choice(sorted(description["paths"][path]))
    operation = description["paths"][path][method]
    filled = path
    for name in [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]:
        odd = quote(str(chance.choice(NASTY))[:500], safe="")
        filled = filled.replace(f"{{{name}}}", known.get(name, "x") if chance.random() < 0.5 else odd or "x")
    asked = [
        one["name"]
        for one in operation.get("parameters", ())
        if one["in"] == "query" and chance.random() < 0.6
    ]
    query = "&".join(f"{name}={quote(str(chance.choice(NASTY))[:500], safe='')}" for name in asked)
    content = operation.get("requestBody", {}).get("content", {})
    media = chance.choice(sorted(content)) if content else "application/json"
    samples = BODIES.get(path, EVENTS if "event" in path else [{}])
    body = json_input(samples, chance) if content else b""
    headers = {"Content-Type": media if chance.random() < 0.95 else str(chance.choice(MEDIA))}
    return method.upper(), f"{filled}?{query}" if query else filled, headers, body


def _app(gate: Gate, body: bytes) -> object:
    """The seal is right, so what was inside comes to the reader as it is."""
    return wecom.read(_open(gate, _sealed(gate, body)))


def _bot(gate: Gate, body: bytes) -> object:
    return bot.read(_open(gate, _sealed_json(gate, body)), NOW)


def _sealed(gate: Gate, words: bytes) -> bytes:
    """Query and body of a callback, with a line between."""
    sealed = gate.seal(words.decode(errors="replace"), "nonce", NOW)
    return _with_query(
        sealed, f"<xml><ToUserName>x</ToUserName><Encrypt>{sealed['encrypt']}</Encrypt></xml>".encode()
    )


def _sealed_json(gate: Gate, words: bytes = b'{"msgtype":"text"}') -> bytes:
    sealed = gate.seal(words.decode(errors="replace"), "nonce", NOW)
    return _with_query(sealed, orjson.dumps({"encrypt": sealed["encrypt"]}))


def _with_query(sealed: Any, body: bytes) -> bytes:
    query = {
        "msg_signature": sealed["msgsignature"],
        "timestamp": str(sealed["timestamp"]),
        "nonce": sealed["nonce"],
    }
    return json.dumps(query).encode() + b"\n" + body


def _open(gate: Gate, whole: bytes) -> str:
    line, _, body = whole.partition(b"\n")
    try:
        query = json.loads(line)
    except ValueError:
        query = {"msg_signature": line.decode(errors="replace"), "timestamp": "x", "nonce": ""}
    named = {str(name): str(value) for name, value in query.items()} if isinstance(query, dict) else {}
    return str(gate.open(Envelope("POST", {}, named, body, NOW)))


def _event(whole: bytes) -> object:
    media, _, body = whole.partition(b"\n")
    name = media.decode(errors="replace")
    return split(name, {"content-type": name, "ce-id": "1", "ce-type": "t", "ce-source": "/s"}, body)


def _document(suffix: str) -> Callable[[random.Random], bytes]:
    found = sorted(
        (one.path for one in documents() if one.path.suffix == suffix), key=lambda path: path.stat().st_size
    )
    whole = (
        found[0].read_bytes()
        if found
        else "# 标题\n\n质保期三年,噪声 56 dB\n型号,价格\nX200,18800\n<p>x</p>".encode()
    )
    if suffix in ZIPPED:
        return lambda chance: (zipped_input if chance.random() < 0.9 else mutated)(whole, chance)
    return lambda chance: mutated(whole[:LARGEST_SAMPLE] if suffix != ".pdf" else whole, chance)


def _read(suffix: str, body: bytes) -> object:
    with tempfile.TemporaryDirectory(prefix="yiju-fuzz-") as folder:
        path = Path(folder) / f"x{suffix}"
        path.write_bytes(body)
        return read(path)


BOT: list[Any] = [
    {"msgid": "M1", "aibotid": "A", "chattype": "single", "from": {"userid": "zhangsan"}, "response_url": "https://x/y",
     "msgtype": "text", "text": {"content": "华东仁和什么等级"}, "quote": {"msgtype": "text", "text": {"content": "引用"}}},
    {"msgid": "M2", "aibotid": "A", "chattype": "single", "from": {"userid": "zhangsan"}, "msgtype": "mixed",
     "mixed": {"msg_item": [{"msgtype": "text", "text": {"content": "看图"}}, {"msgtype": "image", "image": {"url": "https://x"}}]}},
    {"msgid": "M3", "create_time": 1790000000, "aibotid": "A", "chattype": "single", "from": {"userid": "zhangsan"},
     "msgtype": "event", "event": {"eventtype": "template_card_event", "template_card_event": {
         "card_type": "button_interaction", "event_key": "confirm", "task_id": "d1@0",
         "selected_items": {"selected_item": [{"question_key": "intent", "option_ids": {"option_id": ["purchase"]}}]}}}},
    {"msgid": "M4", "from": {"userid": "zhangsan"}, "chattype": "single", "msgtype": "file", "file": {"url": "https://x/f"}},
]  # fmt: skip
ROBOT: list[Any] = [
    {"conversationId": "cid1", "msgId": "m1", "senderNick": "张三", "senderStaffId": "zhangsan", "createAt": 1790000000000,
     "conversationType": "1", "msgtype": "text", "text": {"content": "50台什么价"}, "sessionWebhook": "https://x", "robotCode": "robot",
     "sessionWebhookExpiredTime": 1790000000000},
    {"conversationId": "cid1", "msgId": "m2", "senderStaffId": "zhangsan", "createAt": 1790000000000, "conversationType": "1",
     "msgtype": "richText", "content": {"richText": [{"text": "看"}, {"type": "picture", "downloadCode": "c"}]}},
    {"conversationId": "cid1", "msgId": "m3", "senderStaffId": "zhangsan", "createAt": 1790000000000, "conversationType": "2",
     "msgtype": "file", "content": {"fileName": "合同.pdf", "downloadCode": "c"}},
]  # fmt: skip
TAP: list[Any] = [
    {"type": "actionCallback", "outTrackId": "t1", "corpId": "c", "userId": "zhangsan", "userIdType": 1, "spaceType": "IM",
     "spaceId": "s", "extension": "", "content": json.dumps({"cardPrivateData": {"actionIds": ["b1"], "params": {
         "button": "confirm", "decision": "0123456789abcdef0123", "version": "3", "content_hash": "00ff00ff00ff00ff"}}})},
]  # fmt: skip
EVENTS: list[Any] = [
    {"specversion": "1.0", "id": "k3-981", "source": "/erp/oms", "type": "cn.yiju.order.cancelled.v1",
     "time": "2026-11-26T15:02:03.441+08:00", "data": {"entity": "SO-1042", "account": "华东仁和", "fields": {"status": "已取消"}}},
    {"specversion": "1.0", "id": "a1", "source": "/iot/aliyun", "type": "thing.event.fault.post", "data": {
        "deviceName": "X200-0017", "productName": "X200", "tags": {"owner": "华东仁和"}, "gmtCreate": 1795676583441,
        "value": {"ErrorCode": "E07", "Message": "驱动器过流"}}},
    {"entity": "SO-1042", "account": "华东仁和", "fields": {"status": "已取消", "amount": "1200"}},
]  # fmt: skip
BODIES: dict[str, list[Any]] = {
    "/api/v1/utterances": [{"customer": "华东仁和", "text": "X200要50台什么价", "said_by": "刘工", "at": "2026-11-26T15:02:03+08:00",
                            "id": "call-17", "conversation": "t1"}],
    "/api/v1/inquiries": [{"id": "f1", "company": "华东仁和", "contact": {"name": "刘工", "phone": "13900001002", "email": "a@b.c"},
                           "product": "X200R", "precision": "±0.5 ℃", "quantity": "6台", "budget": "20万", "delivery": "下月底",
                           "message": "能不能给个含税报价", "at": "2026-11-26T15:02:03+08:00"}],
    "/api/v1/customers/{customer}/offers": [{"product": "X200R", "quantity": 3, "reason": "续约", "id": "o1"}],
}  # fmt: skip
