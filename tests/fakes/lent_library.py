"""The demo company's library belongs to all tests: who changes it for a moment leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from knowledge import DocumentInfo, Library


def document_called(library: Library, words: str) -> DocumentInfo:
    (found,) = (one for one in library.list() if words in one.title)
    return found


@contextmanager
def seen_by(library: Library, known: DocumentInfo, visibility: str) -> Iterator[None]:
    """Meanwhile only these may read it."""
    library.amend(replace(known, visibility=visibility))
    try:
        yield
    finally:
        library.amend(known)


@contextmanager
def kept_apart(library: Library) -> Iterator[None]:
    """What is added meanwhile is taken out again."""
    before = {one.id for one in library.list()}
    try:
        yield
    finally:
        for one in library.list():
            if one.id not in before:
                library.remove(one.id)
