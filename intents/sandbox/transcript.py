"""A transcript export of any known form as lines: chat TXT, subtitles, CSV, JSON, JSON lines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from intents.errors import Fault, TranscriptUnusable
from intents.sandbox.chat import read_chat
from intents.sandbox.model import Line, Side
from intents.sandbox.rows import read_csv, read_json, read_json_lines, side_of

_READERS = {
    ".txt": read_chat, ".log": read_chat, ".md": read_chat, ".srt": read_chat, ".vtt": read_chat,
    ".csv": read_csv, ".tsv": read_csv, ".json": read_json, ".jsonl": read_json_lines, ".ndjson": read_json_lines,
}  # fmt: skip
_ENCODINGS = ("utf-8-sig", "gb18030")
_MOST = 200 * 2**20


def read_transcript(path: Path, ours: Collection[str] = ()) -> list[Line]:
    """Who said what in one file; `ours` are the names of our own people.

    Raises `TranscriptUnusable`, naming file and line, where the file is of no known form or nobody speaks in it.
    """
    if path.is_dir():
        raise TranscriptUnusable(f"{path} is a folder; name the files in it")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise TranscriptUnusable(
            f"{path.name}: {path.suffix or 'no'} ending; expected one of {', '.join(_READERS)}",
            Fault.OTHER_ENDING,
            found=path.suffix,
        )
    lines = reader(_text(path), path.name)
    if not lines:
        raise TranscriptUnusable(
            f"{path.name}:1: nobody speaks in it; expected name and time above or in front of the words"
            " (as WeCom, DingTalk, WeChat and QQ export them), `name: words`, or CSV/JSON with speaker and text",
            Fault.NOBODY_SPEAKS,
        )
    return [_sided(line, frozenset(ours)) for line in lines]


def _text(path: Path) -> str:
    if not path.is_file():
        raise TranscriptUnusable(f"{path}: there is no such file")
    if path.stat().st_size > _MOST:
        raise TranscriptUnusable(
            f"{path.name}: larger than {_MOST >> 20} MB; split it by month", Fault.TOO_LARGE
        )
    raw = path.read_bytes()
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
    raise TranscriptUnusable(
        f"{path.name}:{line}: neither UTF-8 nor GB18030 text; save it as UTF-8", Fault.ENCODING, line
    )


def _sided(line: Line, ours: frozenset[str]) -> Line:
    if line.who in ours:
        return replace(line, side=Side.OURS)
    return replace(line, side=side_of(line.who)) if line.side is Side.UNKNOWN else line
