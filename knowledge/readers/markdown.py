"""Markdown by markdown-it: it makes HTML of it, with the HTML that stands in it already, and that is read."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from knowledge.readers import Block, html
from knowledge.readers.text import decode

_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\n---\s*\n", re.DOTALL)
_FOOTNOTE = re.compile(r"^( {0,3})\[\^", re.MULTILINE)
DEEPEST = 100
"""Lists and quotations in each other. What lies deeper markdown-it leaves out without a word; its own limit is 20."""


def read(path: Path) -> list[Block]:
    text = _without_front_matter(decode(path.read_bytes()))
    text = _FOOTNOTE.sub(r"\1\\[^", text)  # CommonMark knows no footnotes: “[^1]: 不含税” would define a link
    return html.blocks(MarkdownIt("commonmark", {"maxNesting": DEEPEST}).enable("table").render(text))


def _without_front_matter(text: str) -> str:
    """Fields between two lines of dashes; words between two rules across the page are content."""
    found = _FRONT_MATTER.match(text)
    try:
        fields = yaml.load(found[1], yaml.CSafeLoader) if found else None
    except (ValueError, yaml.YAMLError):
        fields = None
    return text[found.end() :] if found and (isinstance(fields, dict) or not found[1].strip()) else text
