"""The numbers that Word prints in front of paragraphs: they are counted when shown, no file holds them as text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from docx.oxml.ns import nsmap
from lxml import etree

_CHINESE = {
    "chineseCounting",
    "chineseCountingThousand",
    "japaneseCounting",
    "ideographTraditional",
    "taiwaneseCountingThousand",
}


@dataclass(frozen=True)
class _Level:
    start: int
    kind: str
    pattern: str


@dataclass
class Numbers:
    """Counts a document's numbered paragraphs in order: `第%1条` and the like become `第七条`."""

    document: Any
    _counters: dict[str, list[int]] = field(default_factory=dict)

    def before(self, paragraph: Any) -> str:
        """What stands in front of the paragraph, with a space after it; empty where nothing does."""
        place = _place(paragraph)
        levels = self._levels(place[0]) if place else None
        if place is None or levels is None or place[1] not in levels[1]:
            return ""
        abstract, formats = levels
        counts = self._counters.setdefault(abstract, [])
        self._count(counts, place[1], formats)
        level = formats[place[1]]
        if level.kind in {"bullet", "none"}:
            return ""
        words = re.sub(r"%(\d)", lambda found: _shown(counts, int(found[1]) - 1, formats), level.pattern)
        return f"{words} " if words else ""

    def _count(self, counts: list[int], level: int, formats: dict[int, _Level]) -> None:
        while len(counts) <= level:
            counts.append(formats[len(counts)].start - 1 if len(counts) in formats else 0)
        counts[level] += 1
        for above in range(level):  # a sub-clause whose clause was never counted belongs to the first one
            counts[above] = max(counts[above], formats[above].start if above in formats else 1)
        del counts[level + 1 :]

    def _levels(self, number: str) -> tuple[str, dict[int, _Level]] | None:
        try:
            numbering = self.document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return None
        found = numbering.xpath(f'./w:num[@w:numId="{number}"]/w:abstractNumId/@w:val')
        if not found:
            return None
        levels = numbering.xpath(f'./w:abstractNum[@w:abstractNumId="{found[0]}"]/w:lvl')
        return found[0], {int(_value(one, "./@w:ilvl", "0")): _level(one) for one in levels}


def _level(element: Any) -> _Level:
    start = int(_value(element, "./w:start/@w:val", "1"))
    return _Level(
        start, _value(element, "./w:numFmt/@w:val", "decimal"), _value(element, "./w:lvlText/@w:val", "")
    )


def _place(paragraph: Any) -> tuple[str, int] | None:
    """Numbering id and level, of the paragraph itself or of its style."""
    style = paragraph.style.element if paragraph.style is not None else None
    for holder in (paragraph._p, style):
        if holder is not None and (number := _value(holder, "./w:pPr/w:numPr/w:numId/@w:val", "")):
            return (
                (number, int(_value(holder, "./w:pPr/w:numPr/w:ilvl/@w:val", "0"))) if number != "0" else None
            )
    return None


def _value(element: Any, path: str, otherwise: str) -> str:
    """By lxml's own method: elements that python-docx has no class for know no namespaces."""
    found = etree.XPath(path, namespaces=nsmap)(element)
    return str(found[0]) if found else otherwise


def _shown(counts: list[int], level: int, formats: dict[int, _Level]) -> str:
    if level >= len(counts) or level not in formats:
        return ""
    count, kind = counts[level], formats[level].kind
    if kind in _CHINESE:
        import cn2an

        return (
            str(cn2an.an2cn(count)).replace("一十", "十", 1) if 10 <= count < 20 else str(cn2an.an2cn(count))
        )
    if kind in {"lowerLetter", "upperLetter"}:
        letter = chr(ord("a") + (count - 1) % 26)
        return letter.upper() if kind == "upperLetter" else letter
    return str(count)
