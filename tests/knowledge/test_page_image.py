"""Pages as pictures: bounded in size and number, and nothing at all for what has no such page."""

from __future__ import annotations

from io import BytesIO

from fpdf import FPDF
from PIL import Image

from knowledge.page_image import HEIGHT, KEPT, WIDTH, PageImages


def pdf(*sizes: tuple[float, float]) -> bytes:
    made = FPDF(unit="pt")
    made.set_font("helvetica", size=20)
    for size in sizes:
        made.add_page(format=size)
        made.text(50, 50, "16500 r/min")
    return bytes(made.output())


def test_a_page_is_drawn_with_what_stands_on_it() -> None:
    drawn = PageImages().png("v1", pdf((595, 842)), 1)
    assert drawn
    darkest, lightest = Image.open(BytesIO(drawn)).convert("L").getextrema()
    assert darkest < 60
    assert lightest > 200


def test_a_huge_page_stays_within_bounds() -> None:
    drawn = PageImages().png("v1", pdf((14000, 9000)), 1)
    assert drawn
    width, height = Image.open(BytesIO(drawn)).size
    assert width <= WIDTH + 1
    assert height <= HEIGHT + 1


def test_no_pdf_no_page_and_a_broken_file_have_no_picture() -> None:
    images = PageImages()
    assert images.png("v1", b"# text", 1) is None
    assert images.png("v1", pdf((595, 842)), 2) is None
    assert images.png("v1", pdf((595, 842)), 0) is None
    assert images.png("v1", b"%PDF-1.7 broken", 1) is None


def test_a_page_is_drawn_once_and_few_are_kept() -> None:
    images, raw = PageImages(), pdf(*[(100, 100)] * (KEPT + 2))
    first = images.png("v1", raw, 1)
    assert images.png("v1", b"", 1) is first
    for page in range(2, KEPT + 3):
        images.png("v1", raw, page)
    assert len(images._kept) == KEPT
    assert images.png("v1", b"", 1) is None
