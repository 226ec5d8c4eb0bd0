"""Nonsense at every border: a clear outcome, never a crash. `YIJU_FUZZ=20` multiplies the number of inputs."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels import UntrustedEnvelope
from bot.channels.dingtalk.messages import read_message
from bot.channels.dingtalk.payload import parsed
from bot.channels.wecom import inbound as wecom
from bot.channels.wecom.envelope import sealed_json, sealed_xml
from bot.channels.wecom_bot import inbound as wecom_bot
from crm_bridge.events import EventUnreadable, split
from knowledge.readers import Unreadable, read

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
TIMES = int(os.environ.get("YIJU_FUZZ", "1"))
SOURCES = Path(__file__).parents[2] / "bot" / "demo" / "documents"
CASES = settings(max_examples=150 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=12 * TIMES, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = [
    "msgtype",
    "text",
    "content",
    "msgid",
    "senderStaffId",
    "conversationId",
    "createAt",
    "from",
    "userid",
    "event",
    "file",
    "url",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=20,
)
LEAVES = [
    "MsgType",
    "Content",
    "MsgId",
    "FromUserName",
    "CreateTime",
    "Event",
    "TaskId",
    "EventKey",
    "AgentID",
    "MediaId",
]
XML = st.dictionaries(
    st.sampled_from(LEAVES), st.text(st.characters(codec="utf-8", exclude_characters="<&"), max_size=30)
).map(lambda leaves: "<xml>" + "".join(f"<{n}>{v}</{n}>" for n, v in leaves.items()) + "</xml>")


@CASES
@given(XML | st.text(max_size=200))
def test_a_wecom_message(xml: str) -> None:
    with contextlib.suppress(UntrustedEnvelope):
        wecom.read(xml)


@CASES
@given(st.binary(max_size=300) | XML.map(str.encode) | JSON.map(lambda one: repr(one).encode()))
def test_a_sealed_envelope(body: bytes) -> None:
    for opened in (sealed_xml, sealed_json):
        with contextlib.suppress(UntrustedEnvelope):
            assert isinstance(opened(body), str)


@CASES
@given(JSON)
def test_a_wecom_bots_message(payload: Any) -> None:
    with contextlib.suppress(UntrustedEnvelope):
        wecom_bot.read(_json(payload).decode(), NOW)


@CASES
@given(JSON)
def test_a_dingtalk_message(payload: Any) -> None:
    with contextlib.suppress(UntrustedEnvelope):
        read_message(parsed(_json(payload)), "robot", NOW)


@CASES
@given(
    st.sampled_from(
        ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json", "", "x/;;"]
    ),
    JSON.map(lambda one: _json(one)) | st.binary(max_size=200),
)
def test_an_event(media: str, body: bytes) -> None:
    with contextlib.suppress(EventUnreadable):
        split(media, {"content-type": media, "ce-id": "1"}, body)


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".xlsx", ".pptx", ".html", ".md", ".csv", ".txt"])
@FEW
@given(data=st.data())
def test_a_document_with_bytes_changed(suffix: str, data: st.DataObject) -> None:
    whole = _sample(suffix)
    body = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 12))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(body)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        path.write_bytes(bytes(body[:cut]) if data.draw(st.booleans()) else bytes(body))
        with contextlib.suppress(Unreadable):
            assert read(path)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=str) if _fits(value) else b"{}"


def _fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _sample(suffix: str) -> bytes:
    """A real document of the demo company, or plain words where it has none of this format."""
    found = sorted(SOURCES.rglob(f"*{suffix}"), key=lambda one: one.stat().st_size)
    return (
        found[0].read_bytes() if found else "# 标题\n\n质保期三年,噪声 56 dB\n型号,价格\nX200,18800".encode()
    )
