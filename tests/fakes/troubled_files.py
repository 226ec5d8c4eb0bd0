"""Files that make trouble, each with what its bringer must be told. Every way in is tried with all of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.fakes.pdf import Words, write_pdf

PAGES = 300


class Troubled(NamedTuple):
    name: str
    content: bytes
    told: str
    """A part of the sentence."""
    is_taken: bool = False


def troubled_files(folder: Path) -> list[Troubled]:
    def pdf(pages: list[list[Words]], encrypt: bool = False) -> bytes:
        return write_pdf(folder / "made.pdf", pages, encrypt).read_bytes()

    return [
        Troubled("零字节.pdf", b"", "0 字节"),
        Troubled("加密的.pdf", pdf([[Words(60, 780, "加密")]], encrypt=True), "密码"),
        Troubled("坏的.pdf", b"%PDF-1.7 nothing else", "损坏"),
        Troubled("坏的.docx", b"PK\x03\x04 nothing else", "损坏"),
        Troubled("旧格式.doc", b"\xd0\xcf\x11\xe0", ".docx"),
        Troubled("扫描件.pdf", pdf([[], []]), "OCR"),
        Troubled("照片.exe", b"MZ", "不支持"),
        Troubled(
            "三百页用户手册.pdf", pdf([_page(number) for number in range(1, PAGES + 1)]), "已收录", True
        ),
    ]


def _page(number: int) -> list[Words]:
    """A clause between lines that no other page has, so that nothing looks like a running head."""
    only_here = [
        "".join(chr(0x4E00 + (number * 37 + at * 11 + end) % 2000) for at in range(9)) for end in (0, 5)
    ]
    return [
        Words(60, 700, f"{only_here[0]}。", 12),
        Words(60, 600, f"第{number}号机器每{number + 40}天保养一次,{only_here[0]}{only_here[1]}。", 12),
        Words(60, 500, f"{only_here[1]}。", 12),
    ]
