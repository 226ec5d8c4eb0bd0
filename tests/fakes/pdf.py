"""Small PDF files with a real Chinese text layer, written by hand: a standard CID font needs no font file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

PAGE = (595, 842)


@dataclass(frozen=True)
class Words:
    """A string at a place, in points from the lower left corner."""

    x: float
    y: float
    text: str
    size: float = 10


def write_pdf(
    path: Path,
    pages: Sequence[Sequence[Words]],
    encrypt: bool = False,
    written: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> Path:
    """One page a list of words. `encrypt` names a security handler that nothing can open. `written`: by page from 1,
    what stands on it besides, as the entries of annotations (`field`, `text_box`)."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>"
    )
    objects.append(
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /W [1 [500] 2 94 500 814 939 500] "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 5 0 R >>"
    )
    objects.append(
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 "
        b"/Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
    )
    kids = []
    widgets = []
    for number, words in enumerate(pages, 1):
        annotations = []
        for entries in written.get(number, ()):
            objects.append(f"<< /Type /Annot /Rect [60 60 200 80] {entries} >>".encode())
            annotations.append(f"{len(objects)} 0 R")
            widgets += [annotations[-1]] if "/Subtype /Widget" in entries else []
        stream = "\n".join(_show(one) for one in words).encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] /Contents {len(objects)} 0 R "
            f"/Annots [{' '.join(annotations)}] "
        )
        objects.append((page + "/Resources << /Font << /F1 3 0 R >> >> >>").encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    if widgets:
        form = f"/AcroForm << /Fields [{' '.join(widgets)}] /DA (/F1 10 Tf 0 g) >>"
        objects[0] = f"<< /Type /Catalog /Pages 2 0 R {form} >>".encode()
    path.write_bytes(_file(objects, encrypt))
    return path


def field(name: str, value: str, kind: str = "Tx", more: str = "") -> str:
    """A form field that was filled in."""
    return f"/Subtype /Widget /FT /{kind} /T {_string(name)} /V {_string(value)} {more}"


def text_box(words: str, kind: str = "FreeText", more: str = "") -> str:
    return f"/Subtype /{kind} /Contents {_string(words)} {more}"


def shown_as(name: str) -> str:
    """What a person is told a field is called."""
    return f"/TU {_string(name)}"


def options(*choices: tuple[str, str]) -> str:
    """What is exported, and what is seen."""
    return f"/Opt [{' '.join(f'[{_string(one)} {_string(other)}]' for one, other in choices)}]"


def _string(text: str) -> str:
    return f"<feff{text.encode('utf-16-be').hex()}>"


def _show(words: Words) -> str:
    return f"BT /F1 {words.size} Tf {words.x} {words.y} Td <{words.text.encode('utf-16-be').hex()}> Tj ET"


def _file(objects: Sequence[bytes], encrypt: bool) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    locked = (
        b"/Encrypt << /Filter /Standard /V 9 /R 9 /O (x) /U (x) /P 0 >> /ID [(a) (a)]" if encrypt else b""
    )
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF"
    return out + end % (len(objects) + 1, table, len(objects) + 1, locked, len(out))
