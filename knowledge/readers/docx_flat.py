"""Makes a Word file's tree as plain as python-docx reads it: what it would pass over is put where a reader sees it.

Tracked insertions stay and tracked deletions go, as if all changes were accepted; content controls, fields and the like
give way to what they hold; text boxes and notes become paragraphs behind the one they hang on. The tree is never saved.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsmap, qn
from lxml import etree

from knowledge.readers import LeftOut
from knowledge.readers.text import raised

_MARKUP = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_SPACES = nsmap | {
    "mc": _MARKUP,
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "o": "urn:schemas-microsoft-com:office:office",
}
_GONE = (
    "//w:del[not(parent::w:rPr or parent::w:trPr)] | //w:moveFrom | //w:tr[w:trPr/w:del] | //w:rt"
    " | //mc:Choice[not(*) or preceding-sibling::mc:Choice/*]"
    " | //mc:AlternateContent[mc:Choice/*]/mc:Fallback | //w:sdt[w:sdtPr//w:docPartGallery[@w:val='Table of Contents']]"
)
_WRAPPERS = (
    "//w:ins[*] | //w:moveTo | //w:sdtContent | //w:smartTag | //w:customXml | //w:fldSimple | //w:dir | //w:bdo"
    " | //mc:AlternateContent | //mc:Choice | //mc:Fallback | //m:oMathPara"
)
_PROPERTIES = "//w:sdtPr | //w:sdtEndPr | //w:smartTagPr | //w:customXmlPr"
_LARGE = 3_600_000
"""Ten centimetres: a picture wider and higher than that may be a scanned page."""
_LEFT_OUT = (
    ("//c:chart | //dgm:relIds", "图表", "charts or diagrams"),
    ("//w:object | //w:altChunk", "嵌入的对象", "embedded objects"),
    ("//w:commentReference", "批注", "comments"),
    (
        f"//wp:extent[@cx >= {_LARGE} and @cy >= {_LARGE}]/parent::*[.//pic:pic]",
        "大图里的文字",
        "large pictures",
    ),
    ("//m:oMath[.//m:num or .//m:sub or .//m:sup or .//m:deg or .//m:mr]", "公式", "formulas"),
)
_SIGNS = dict(zip(map(ord, "\xb0\xb1\xb4\xb8\xa3\xb3\xb9\xbb\xd7mWDSa"), "°±×÷≤≥≠≈·μΩΔΣα", strict=True))
_BOXES = {0xFE: "☑", 0xFD: "☒", 0x52: "☑", 0x53: "☒", 0xA8: "☐", 0x6F: "☐", 0xFC: "✓", 0xFB: "✗", 0x6C: "●"}
"""Characters that Word writes by their place in the fonts Symbol and Wingdings."""


def flatten(document: Any) -> list[LeftOut]:
    """Changes the tree; returns what of it stays out."""
    root = document.element
    _drop(_found(root, _GONE))
    left_out = _left_out(root)
    _notes(document, root)
    _drop(_found(root, _PROPERTIES))
    for wrapper in _found(root, f"{_WRAPPERS} | //w:sdt"):
        _unwrap(wrapper)
    for box in reversed(_found(root, "//w:txbxContent[ancestor::w:p]")):  # the inner of two before the outer
        _follow(_above(box, "w:p"), list(box))
    for run in _found(root, "//w:r[w:rPr/w:vertAlign[@w:val='superscript']]/w:t"):
        run.text = raised(run.text or "")
    for sign in _found(root, "//w:sym"):
        _replace(sign, _text(_sign(sign)))
    for ruby in _found(root, "//w:ruby"):
        _replace(ruby, _text(_words(ruby, ".//w:rubyBase//w:t")))
    for formula in _found(root, "//m:oMath"):
        run = OxmlElement("w:r")
        run.append(_text(_words(formula, ".//m:t")))
        _replace(formula, run)
    return left_out


def _left_out(root: Any) -> list[LeftOut]:
    counted = [(len(_found(root, path)), words, detail) for path, words, detail in _LEFT_OUT]
    for formula in _found(root, _LEFT_OUT[-1][0]):
        _replace(formula, _formula())
    return [LeftOut(f"{count} 处{words}", f"{count} {detail}") for count, words, detail in counted if count]


def _formula() -> Any:
    """A fraction on one line would be another number: 1 over 2 is not 12."""
    run = OxmlElement("w:r")
    run.append(_text("[公式]"))
    return run


def _notes(document: Any, root: Any) -> None:
    """Footnotes and endnotes behind the paragraph that points to them, with the number that the pointer shows."""
    for kind, name in (("footnote", "注"), ("endnote", "尾注")):
        held = {_id(note): note for note in _found(_part(document, kind), f"//w:{kind}")}
        last: dict[Any, Any] = {}
        for number, pointer in enumerate(_found(root, f"//w:{kind}Reference"), 1):
            mark = f"[{name}{number}]"
            note = held.get(_id(pointer))
            paragraph = _above(pointer, "w:p")
            _replace(pointer, _text(mark))
            if note is None or paragraph is None:
                continue
            copied = list(deepcopy(note))
            own = _found(copied[0], f".//w:{kind}Ref") if copied else []
            if own:
                _replace(own[0], _text(f"{mark} "))
            last[paragraph] = _follow(last.get(paragraph, paragraph), copied)


def _part(document: Any, kind: str) -> Any:
    """The tree of the part that holds the notes; an empty one where there is none."""
    for relation in document.part.rels.values():
        if relation.reltype.endswith(f"/{kind}s") and not relation.is_external:
            notes = parse_xml(relation.target_part.blob)
            _drop(_found(notes, _GONE))
            return notes
    return OxmlElement("w:footnotes")


def _follow(paragraph: Any, elements: list[Any]) -> Any:
    """Place elements behind a paragraph; returns the last."""
    for element in elements:
        paragraph.addnext(element)
        paragraph = element
    return paragraph


def _unwrap(wrapper: Any) -> None:
    for child in list(wrapper):
        wrapper.addprevious(child)
    _drop([wrapper])


def _replace(element: Any, by: Any) -> None:
    element.addprevious(by)
    _drop([element])


def _drop(elements: list[Any]) -> None:
    for element in elements:
        if element.getparent() is not None:
            element.getparent().remove(element)


def _text(words: str) -> Any:
    element = OxmlElement("w:t")
    element.text = words
    return element


def _sign(element: Any) -> str:
    """Fonts of signs keep their characters at F000 and above."""
    code = int(element.get(qn("w:char"), "0"), 16) & 0xFF
    known = _SIGNS if "symbol" in element.get(qn("w:font"), "").lower() else _BOXES
    return known.get(code, "□")


def _words(element: Any, path: str) -> str:
    return "".join(one.text or "" for one in _found(element, path))


def _above(element: Any, name: str) -> Any:
    return next(element.iterancestors(qn(name)), None)


def _id(element: Any) -> str:
    return str(element.get(qn("w:id")))


def _found(element: Any, path: str) -> list[Any]:
    """By lxml's own method: python-docx knows fewer namespaces."""
    return list(etree.XPath(path, namespaces=_SPACES)(element))
