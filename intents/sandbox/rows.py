"""Exports as rows: CSV with a header, JSON (a list, or an object around one) and JSON lines; speech-to-text segments too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from intents.errors import Fault, TranscriptUnusable
from intents.sandbox.chat import moment, seconds
from intents.sandbox.model import Line, Side

_WHO = (
    "speaker",
    "who",
    "sender",
    "from",
    "name",
    "nickname",
    "sendernick",
    "speaker_id",
    "spk",
    "talker",
    "发送人",
    "发送者",
    "发言人",
    "说话人",
    "昵称",
    "姓名",
    "成员",
    "发件人",
)
_TEXT = (
    "text",
    "content",
    "message",
    "msg",
    "sentence",
    "words",
    "transcript",
    "内容",
    "消息",
    "消息内容",
    "聊天内容",
    "文本",
    "话",
)
_TIME = (
    "time",
    "at",
    "timestamp",
    "datetime",
    "date",
    "msgtime",
    "createat",
    "start",
    "begin_time",
    "start_time",
    "时间",
    "发送时间",
    "消息时间",
    "开始时间",
)
_SIDE = ("role", "side", "identity", "speaker_role", "角色", "身份", "类型")
_TYPE = ("msgtype", "type", "消息类型")
_AROUND = (
    "messages",
    "segments",
    "sentences",
    "utterances",
    "records",
    "chatdata",
    "data",
    "result",
    "list",
    "transcript",
)
_SPOKEN = frozenset({"", "text", "markdown", "文本", "1"})
_CUSTOMER = frozenset(
    {"customer", "client", "user", "buyer", "external", "客户", "顾客", "买家", "外部联系人"}
)
_OURS = frozenset({"rep", "agent", "seller", "sales", "staff", "service", "assistant", "internal", "销售", "客服", "坐席", "员工", "顾问"})  # fmt: skip


def read_csv(text: str, name: str) -> list[Line]:
    """Raises `TranscriptUnusable` where no column holds the words or a row is broken."""
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count), strict=True)
    lines: list[Line] = []
    try:
        columns = [(one or "").strip() for one in reader.fieldnames or ()]
        if not any(one.lower() in _TEXT for one in columns):
            raise TranscriptUnusable(
                f"{name}:1: no column holds the words; found {columns}, expected one of {_TEXT}",
                Fault.NO_COLUMN,
                1,
            )
        for row in reader:
            if None in row:
                raise TranscriptUnusable(
                    f"{name}:{reader.line_num}: more fields than columns; quote words with commas",
                    Fault.BROKEN_TABLE,
                    reader.line_num,
                )
            lines += _line(row, f"{name}:{reader.line_num}")
    except csv.Error as error:
        raise TranscriptUnusable(
            f"{name}:{reader.line_num}: {error}; export the table again as CSV",
            Fault.BROKEN_TABLE,
            reader.line_num,
        ) from error
    return lines


def read_json(text: str, name: str) -> list[Line]:
    """Raises `TranscriptUnusable`, naming the line (or the place in the list) that is no message."""
    try:
        rows, where = _rows(json.loads(text), name), f"{name}: message "
    except json.JSONDecodeError as error:
        first = next((line for line in text.splitlines() if line.strip()), "")
        if not _is_object(first) or first.strip() == text.strip():
            raise TranscriptUnusable(
                f"{name}:{error.lineno}: no JSON ({error.msg})", Fault.NOT_JSON, error.lineno
            ) from error
        return read_json_lines(text, name)
    return [line for number, row in enumerate(rows, 1) for line in _checked(row, f"{where}{number}")]


def read_json_lines(text: str, name: str) -> list[Line]:
    lines: list[Line] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.strip():
            try:
                row = json.loads(raw)
            except json.JSONDecodeError as error:
                raise TranscriptUnusable(
                    f"{name}:{number}: no JSON ({error.msg})", Fault.NOT_JSON, number
                ) from error
            lines += _checked(row, f"{name}:{number}")
    return lines


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        return False


def _rows(found: Any, name: str) -> list[Any]:
    while isinstance(found, dict):
        inner = next((found[key] for key in _AROUND if isinstance(found.get(key), list | dict)), None)
        if inner is None:
            if _value(found, _TEXT) is not None:
                return [found]
            raise TranscriptUnusable(
                f"{name}:1: no list of messages; expected one under {', '.join(_AROUND)}",
                Fault.NO_MESSAGES,
            )
        found = inner
    if not isinstance(found, list):
        raise TranscriptUnusable(
            f"{name}:1: found {type(found).__name__}, expected a list of messages", Fault.NO_MESSAGES
        )
    return found


def _checked(row: Any, where: str) -> list[Line]:
    if not isinstance(row, dict):
        raise TranscriptUnusable(
            f"{where}: found {type(row).__name__}, expected an object with speaker and text",
            Fault.NO_OBJECT,
            _place(where),
        )
    if _value(row, _TYPE) in (None, "text") and _value(row, _TEXT) is None:
        raise TranscriptUnusable(
            f"{where}: no words; found {sorted(row)}, expected one of {', '.join(_TEXT)}",
            Fault.NO_TEXT,
            _place(where),
        )
    return _line(row, where)


def _place(where: str) -> str:
    """The number at the end of `file:12` and of `file: message 12`."""
    return where.replace(" ", ":").rsplit(":", 1)[-1]


def _line(row: Mapping[str, Any], where: str) -> list[Line]:
    """None for a picture, a file or an empty message."""
    words = _value(row, _TEXT)
    if isinstance(words, dict):  # WeCom archive: {"msgtype": "text", "text": {"content": "…"}}
        words = _value(words, ("content", "text"))
    kind = str(_value(row, _TYPE) or "").strip().lower()
    if (
        not isinstance(words, str)
        or not words.strip()
        or (kind not in _SPOKEN and "msgtype" in {key.lower() for key in row})
    ):
        return []
    who = str(_value(row, _WHO) or "").strip()
    return [Line(who, words.strip(), where, side_of(_value(row, _SIDE) or who), _at(_value(row, _TIME)))]


def _value(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    plain = {str(key).strip().lower(): value for key, value in row.items()}
    return next((plain[name] for name in names if plain.get(name) not in (None, "")), None)


def _at(value: Any) -> datetime | None:
    if isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "", 1).isdigit()):
        number = float(value)
        # milliseconds since 1970 (WeCom), seconds since 1970, or an offset into a recording
        return seconds(number / 1000 if number > 1e11 else number) if number < 1e14 else None
    return moment(value.replace("T", " ")) if isinstance(value, str) else None


def side_of(word: Any) -> Side:
    """`客户`, `agent`, `说话人2` → whose words."""
    plain = str(word).strip().lower()
    if plain in _CUSTOMER or plain.startswith(("客户", "顾客")):
        return Side.CUSTOMER
    return Side.OURS if plain in _OURS or plain.startswith(("销售", "客服", "坐席")) else Side.UNKNOWN
