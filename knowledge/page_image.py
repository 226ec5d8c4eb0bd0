"""A page of a PDF as a picture, so that a quoted passage can be seen where it stands."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from knowledge.page_marks import Box, boxes

WIDTH, HEIGHT = 1000, 1600
"""Pixels that a picture stays within, whatever size the page claims to be."""
MARKER = (255, 226, 96)
KEPT = 32
"""Pictures in memory: some hundred kB each, and the same few are looked at again."""


class PageImages:
    """Renders and remembers. Blocks: call in a thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def png(self, version: str, raw: bytes, page: int, marked: str = "") -> bytes | None:
        """The page, counted from 1, of a version's original, with the words of a passage `marked` where they are found;
        None where it is no PDF or has no such page."""
        key = version, page, marked
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if not raw.startswith(b"%PDF"):
            return None
        picture = _rendered(raw, page, marked)
        if picture is not None:
            with self._lock:
                self._kept[key] = picture
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return picture


def _mark(picture: Any, places: Sequence[Box]) -> None:
    """Like a text marker: the words stay black."""
    from PIL import Image, ImageChops

    for place in places:
        area = (
            max(0, int(place.left) - 2),
            max(0, int(place.top) - 2),
            min(picture.width, int(place.right) + 3),
            min(picture.height, int(place.bottom) + 3),
        )
        if area[0] < area[2] and area[1] < area[3]:
            under = picture.crop(area)
            picture.paste(ImageChops.multiply(under, Image.new("RGB", under.size, MARKER)), area)


def _rendered(raw: bytes, page: int, marked: str) -> bytes | None:
    import pypdfium2

    from knowledge.readers.pdf import PDFIUM

    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(raw)  # type: ignore[no-untyped-call]
        except pypdfium2.PdfiumError:
            return None
        try:
            document.init_forms()  # type: ignore[no-untyped-call] # what was filled in is drawn too
            if not 1 <= page <= len(document):
                return None
            one = document[page - 1]
            width, height = one.get_size()
            scale = min(WIDTH / max(width, 1), HEIGHT / max(height, 1))
            picture = one.render(scale=scale).to_pil().convert("RGB")
            _mark(picture, boxes(one, marked, *picture.size))
        finally:
            document.close()  # type: ignore[no-untyped-call]
    out = BytesIO()
    picture.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()
