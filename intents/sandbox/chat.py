"""Chats and speech-to-text as text: a header with name and time above the words, or both in front of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from intents.sandbox.model import Line

_DATE = r"(?:\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?|\d{1,2}[-/月]\d{1,2}日?|昨天|今天|前天|星期.|周.)"
_CLOCK = r"(?:凌晨|早上|上午|中午|下午|晚上|[AP]M )?\s*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:[.,]\d{1,3})?(?:\s*[AP]M)?"
_TIME = rf"(?:{_DATE}\s*(?:星期.|周.)?\s*)?{_CLOCK}"
_ID = r"(?:\s*(?:[(（<][\w.@+-]{4,}[)）>]|[@＠]\s*\S+))?"
_WHO = r"(?P<who>[^\s:：\[\]()（）<>][^\n:：\[\]<>]{0,30}?)"
_NAME_TIME = re.compile(rf"^{_WHO}{_ID}\s*[(（\[【]?\s*(?P<at>{_TIME})\s*[)）\]】]?\s*[:：]?\s*$")
_TIME_NAME = re.compile(
    rf"^[(（\[【]?\s*(?P<at>{_TIME})(?:\s*(?:-->|[-~–])\s*{_CLOCK})?\s*[)）\]】]?[\s,，|]*{_WHO}{_ID}\s*(?:[:：]\s*(?P<text>.*))?$"
)
_NAME_TIME_TEXT = re.compile(rf"^{_WHO}\s*[(（\[【]\s*(?P<at>{_TIME})\s*[)）\]】]\s*[:：]?\s*(?P<text>.+)$")
_NAME_TEXT = re.compile(r"^(?P<who>[^\s:：,，。?？!！/]{1,16}(?: \d{1,2})?)\s*[:：]\s*(?P<text>(?!//).+)$")
_SUBTITLE = re.compile(r"^(?P<at>(?:\d{1,2}:)?\d{2}:\d{2}[.,]\d{3})\s*-->\s*\S+")
_VOICE = re.compile(r"^<v (?P<who>[^>]+)>(?P<text>.*)$")
_RULE = re.compile(r"^(?:[-=—*_~]{3,}|WEBVTT.*|消息(?:记录|分组|对象)[:：].*)$")
_TIMED = (_NAME_TIME, _TIME_NAME, _NAME_TIME_TEXT, _VOICE)
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%m-%d %H:%M:%S", "%m-%d %H:%M")


def read_chat(text: str, name: str) -> list[Line]:
    """Lines with name and words. A text in which nobody is named has none.

    Where times stand beside names, `老板就问一句:能便宜吗` is something said, and opens nobody's words."""
    lines: list[Line] = []
    subtitle: datetime | None = None
    has_subtitles = "-->" in text
    openings: tuple[re.Pattern[str], ...] = (*_TIMED, _NAME_TEXT)
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.replace("\u200e", "").strip()
        if not line or _RULE.match(line) or (has_subtitles and line.isdecimal()):
            continue
        if found := _SUBTITLE.match(line):
            subtitle = moment(found["at"])
        elif (opened := _opened(line, subtitle, openings)) is not None:
            who, at, words = opened
            if at is not None and subtitle is None:
                openings = _TIMED
            lines.append(Line(who, words, f"{name}:{number}", at=at))
        elif lines:
            last = lines[-1]
            lines[-1] = Line(last.who, f"{last.text}\n{line}".strip(), last.where, at=last.at)
    return [line for line in lines if line.text]


def _opened(
    line: str, subtitle: datetime | None, openings: Sequence[re.Pattern[str]]
) -> tuple[str, datetime | None, str] | None:
    """Who begins to speak here, when, and the words on the same line."""
    for pattern in openings:
        if found := pattern.match(line):
            parts = found.groupdict()
            at = moment(parts["at"]) if parts.get("at") else subtitle
            return parts["who"].strip(), at, (parts.get("text") or "").strip()
    return None


def moment(written: str) -> datetime | None:
    """`2026/11/5 上午9:03` or an offset `00:01:23.5`; None where it cannot be placed."""
    plain = re.sub(r"[年月/.](?=\d{1,2}(?:\D|$))", "-", written.strip().replace("：", ":"), count=2).replace(
        "日", " "
    )
    clock = re.search(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", plain)
    if clock is None:
        return None
    date = re.match(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})(?!\d|:)", plain)
    hour = int(clock[1]) + (12 if re.search("下午|晚上|PM", plain) and int(clock[1]) < 12 else 0)
    try:
        day = datetime(int(date[1] or 2000), int(date[2]), int(date[3])) if date else datetime(2000, 1, 1)
    except ValueError:
        return None
    return day + timedelta(hours=hour, minutes=int(clock[2]), seconds=int(clock[3] or 0))


def seconds(offset: float) -> datetime:
    """A recording's offset as a moment."""
    return datetime(2000, 1, 1) + timedelta(seconds=offset)


def named(lines: list[Line]) -> Iterator[str]:
    """Who speaks, once each."""
    yield from dict.fromkeys(line.who for line in lines if line.who)
