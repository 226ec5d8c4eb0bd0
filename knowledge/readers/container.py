"""Looks at a file before a parser does: is it what its name says, and does it stay small once it is unpacked?"""

from __future__ import annotations

import zipfile
from pathlib import Path

from knowledge.readers import Unreadable

ZIPPED = frozenset({".docx", ".xlsx", ".pptx"})
MOST_UNPACKED = 400 * 1024 * 1024
MOST_PARTS = 10_000
MOST_RATIO, SMALL = 200, 8 * 1024 * 1024
"""XML packs ten to fifty times; a part below `SMALL` does no harm at any ratio."""
_LIES = (
    (b"%PDF-", ".pdf"),
    (b"PK\x03\x04", "Office 或压缩包"),
    (b"MZ", "程序"),
    (b"\x7fELF", "程序"),
)


def check(path: Path) -> None:
    """Raises `Unreadable`. What parsers refuse well themselves (broken, encrypted) is left to them."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(1024)
    for magic, kind in _LIES:
        if head.startswith(magic) and kind != suffix and not (magic == b"PK\x03\x04" and suffix in ZIPPED):
            raise Unreadable(
                f"文件打不开:内容是 {kind.lstrip('.')},扩展名却是 {suffix};请用正确的格式重新导出",
                f"broken {suffix}: it begins with {magic!r}",
            )
    if suffix in ZIPPED and zipfile.is_zipfile(path):
        _unpacks_small(path)


def _unpacks_small(path: Path) -> None:
    """By the archive's own directory; `zipfile` reads no more of a part than is written there."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return
    swollen = [
        one
        for one in parts
        if one.file_size > SMALL and one.file_size > MOST_RATIO * max(1, one.compress_size)
    ]
    total = sum(one.file_size for one in parts)
    if swollen or total > MOST_UNPACKED or len(parts) > MOST_PARTS:
        raise Unreadable(
            "文件解压后异常地大,没有打开;请重新导出后再上传",
            f"unpacks to {total} bytes in {len(parts)} parts, {len(swollen)} of them beyond {MOST_RATIO}:1",
        )
