"""Prints the demo company's documents: texts of `sources/` with the facts of `world.yaml`, in the formats offices use.

The results are committed, so that nobody needs the font; print them again after a fact has changed:
`python -m bot.demo.documents` (PDF needs fpdf2 of the dev dependencies and a Chinese font, `YIJU_DEMO_FONT`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.demo import company
from bot.demo.company import DEMO, DemoDocument
from bot.demo.printing import docx, html, pptx, xlsx
from bot.demo.printing.pieces import Piece, parse

SOURCES = DEMO / "sources"
_TEXTS = Environment(
    loader=FileSystemLoader(SOURCES),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # Markdown; the HTML printer escapes what it prints
)


def facts(customer: str = "") -> dict[str, Any]:
    """What a source may name: `p.X200`, `hardware`, `discounts`, `service`, `signed` (the contract's account) …"""
    world = company.world()
    products = world["products"]
    services = yaml.load((SOURCES / "services.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {
        **world,
        **services,
        "p": {product["model"]: product for product in products},
        "hardware": [product for product in products if product["industry"] != "saas"],
        "software": [product for product in products if product["industry"] == "saas"],
        "service": {one["name"]: one for one in services["services"]},
        "signed": next((one for one in world["accounts"] if one["name"] == customer), None),
    }


def text_of(document: DemoDocument) -> str:
    """A document as Markdown, its facts filled in. Raises `jinja2.UndefinedError` for a fact that is not there."""
    return _TEXTS.get_template(f"{document.path.stem}.md").render(facts(document.customer))


def write(document: DemoDocument, folder: Path) -> Path:
    """Print one document into a folder."""
    path = folder / document.path.name
    if path.suffix == ".xlsx":
        xlsx.write_prices(facts(), path)
    elif path.suffix == ".md":
        path.write_text(text_of(document), encoding="utf-8")
    else:
        _printer(path.suffix)(parse(text_of(document)), document.title, path)
    return path


def _printer(suffix: str) -> Callable[[Sequence[Piece], str, Path], None]:
    if suffix == ".pdf":
        from bot.demo.printing import pdf  # fpdf2 is a dev dependency

        return pdf.write
    return {".docx": docx.write, ".html": html.write, ".pptx": pptx.write}[suffix]


def main() -> None:
    """Print all of them where they are committed."""
    folder = DEMO / "documents"
    folder.mkdir(exist_ok=True)
    for document in company.documents():
        path = write(document, folder)
        print(f"{path.relative_to(DEMO)}  {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
