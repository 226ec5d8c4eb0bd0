"""Files in, blocks out: each format's own reader, one common shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple


class Unreadable(Exception):
    """The file cannot become passages: in Chinese for the person who brought it, in English for the operator."""

    def __init__(self, words: str, detail: str = "") -> None:
        super().__init__(words)
        self.detail = detail or words


@dataclass(frozen=True)
class Block:
    """A piece of a document in reading order. `level` of a heading from 1; a row's `cells` under its table's `header`."""

    kind: Literal["heading", "text", "row"]
    text: str
    level: int = 0
    page: int | None = None
    header: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """Something that a reader of the file sees and that was not taken in: Chinese for the person, English for the log."""

    words: str
    detail: str


class Contents(NamedTuple):
    blocks: list[Block]
    left_out: tuple[LeftOut, ...]


LARGEST = 50 * 1024 * 1024
FileReader = Callable[[Path], Sequence[Block | LeftOut]]
FORMATS = (".pdf", ".docx", ".xlsx", ".csv", ".pptx", ".html", ".htm", ".md", ".txt")


def read(path: Path) -> list[Block]:
    """The blocks alone. Raises `Unreadable`."""
    return contents(path).blocks


def contents(path: Path) -> Contents:
    """What a file says, and what of it had to stay out.

    Raises `Unreadable`: empty, too large, encrypted, broken, scanned, old .doc, unknown format."""
    suffix = path.suffix.lower()
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("文件是空的(0 字节),请重新导出后再上传", "empty file (0 bytes)")
    if size > LARGEST:
        raise Unreadable(
            f"文件有 {size // 1048576} MB,上限 50 MB;请拆分后上传", f"{size} bytes; at most {LARGEST}"
        )
    if suffix in {".doc", ".xls", ".ppt"}:
        raise Unreadable(
            f"不支持旧格式 {suffix},请另存为 {suffix}x 再上传", f"old format {suffix}; save as {suffix}x"
        )
    reader = _readers().get(suffix)
    if reader is None:
        raise Unreadable(
            f"不支持 {suffix or '没有扩展名的'} 文件;支持:{' '.join(FORMATS)}", f"unknown format {suffix!r}"
        )
    from knowledge.readers import container

    container.check(path)
    found = _attempted(reader, path)
    blocks = [one for one in found if isinstance(one, Block) and one.text.strip()]
    if not blocks:
        raise Unreadable(
            "文件里没有文字;如果是扫描件,请先做文字识别(OCR)", "no text layer; scanned? OCR is out of scope"
        )
    return Contents(blocks, tuple(one for one in found if isinstance(one, LeftOut)))


def bytes_of(path: Path) -> bytes:
    """Raises `Unreadable` where there is no such file, or it may not be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unreadable(f"找不到文件 {path}", f"no such file: {path}") from error
    except OSError as error:
        raise Unreadable(f"文件读不出来:{error.strerror}", f"cannot read {path}: {error}") from error


def _attempted(reader: FileReader, path: Path) -> Sequence[Block | LeftOut]:
    """A file can be broken in ways that only show in the middle; whatever a parser raises then is a refusal."""
    try:
        return reader(path)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(
            "文件读到一半出错,可能已损坏;请重新导出后再上传", f"broken {path.suffix}: {error!r}"
        ) from error


def _readers() -> dict[str, FileReader]:
    from knowledge.readers import docx, html, markdown, pdf, pptx, text, xlsx

    return {
        ".pdf": pdf.read,
        ".docx": docx.read,
        ".xlsx": xlsx.read,
        ".csv": xlsx.read_csv,
        ".pptx": pptx.read,
        ".html": html.read,
        ".htm": html.read,
        ".md": markdown.read,
        ".txt": text.read,
    }
