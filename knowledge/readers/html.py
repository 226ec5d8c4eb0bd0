"""HTML by selectolax: the main content without navigation, header, footer and scripts."""

from __future__ import annotations

from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from knowledge.readers import Block
from knowledge.readers.markdown import row
from knowledge.readers.text import decode

_NOISE = (
    "script, style, template, noscript, svg, nav, aside, form, button, [role=navigation], [role=banner], [role=contentinfo], "
    "[aria-hidden=true], [hidden], .nav, .navbar, .menu, .sidebar, .footer, .header, .breadcrumb, .breadcrumbs, .cookie, .toc, "
    "#nav, #menu, #sidebar, #footer, #header"
)


def read(path: Path) -> list[Block]:
    tree = LexborHTMLParser(decode(path.read_bytes()))
    for node in tree.css(_NOISE):
        node.decompose()
    for node in tree.css("body > header, body > footer, body > div > header, body > div > footer"):
        node.decompose()
    root = tree.css_first("main") or tree.css_first("article") or tree.body
    return list(_blocks(root)) if root else []


def _blocks(node: LexborNode) -> list[Block]:
    found: list[Block] = []
    for child in node.iter(include_text=False):
        tag = child.tag or ""
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            found.append(Block("heading", _text(child), level=int(tag[1])))
        elif tag == "table":
            found += _table(child)
        elif tag in {"p", "li", "dt", "dd", "pre", "blockquote"}:
            found.append(Block("text", _text(child)))
        elif tag in {
            "ul",
            "ol",
            "dl",
            "div",
            "section",
            "main",
            "article",
            "details",
            "summary",
            "header",
            "footer",
            "figure",
            "center",
            "span",
        }:
            nested = _blocks(child)
            found += nested or ([Block("text", _text(child))] if _text(child) else [])
    return found


def _table(table: LexborNode) -> list[Block]:
    header: tuple[str, ...] = ()
    found = []
    for line in table.css("tr"):
        cells = tuple(_text(cell) for cell in line.css("th, td"))
        if not header and line.css_first("th"):
            header = cells
        elif cells:
            found.append(row(header, cells))
    return found


def _text(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())
