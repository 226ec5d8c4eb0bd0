"""What serving processes wrote that nobody meant them to write: exceptions that came out somewhere, unhandled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

UNHANDLED = re.compile(
    r"Exception in ASGI application|exception was never retrieved|raised an exception|was never awaited"
    r"|Unhandled|Fatal Python error|Segmentation fault|Exception ignored in|Exception in callback|Exception in thread"
)
"""How uvicorn, asyncio, APScheduler and Python itself report what no code of ours took."""


def unhandled(folder: Path) -> list[str]:
    """One sentence for each kind of such line in the logs of a workbench, with the error that its traceback ends with."""
    found = Counter(said for path in _logs(folder) for said in _untaken(_lines(path)))
    return [f"unhandled, {count} times: {said}" for said, count in found.items()]


def events(folder: Path, *levels: str) -> Counter[str]:
    """How often each event of our own was logged at these levels."""
    found: Counter[str] = Counter()
    for path in _logs(folder):
        for line in _lines(path):
            if not line.startswith("{"):
                continue
            try:
                said = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue  # the last line of a process that was killed
            if said.get("level") in levels:
                found[str(said.get("event"))] += 1
    return found


def _untaken(lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if UNHANDLED.search(line):
            ends = (one for one in lines[number + 1 :] if one and not one.startswith((" ", "Traceback")))
            yield f"{line[:300]} … {next(ends, '')[:300]}"


def _logs(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.log")) if path.name != "platform.log")


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()
