"""Which passages share words with a question: BM25 by tantivy, one index a scope.

A scope is what one reader may see: `public`, or the documents of one customer. Scopes are separate directories, so a
question that is not about a customer cannot touch that customer's words at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.tokens import grams, words

PUBLIC = "public"
HEAP = 15_000_000
"""Bytes a writer may hold; tantivy's smallest. A commit follows every document anyway."""
FIELDS: Mapping[str, float] = {"body": 1.0, "context": 1.5, "words": 0.7}
"""What a term counts in each field: the text, headings and title above it, words by dictionary."""


def scope_of(customer: str | None) -> str:
    """The scope's name: safe for file systems and Chroma, whatever a customer is called."""
    return PUBLIC if customer is None else f"c-{hashlib.sha256(customer.encode()).hexdigest()[:24]}"


@dataclass(frozen=True)
class Entry:
    """What is indexed: a passage, or one row of a table passage. `context` is what stands above it."""

    id: str
    passage_id: str
    version_id: str
    body: str
    context: str


@dataclass(frozen=True)
class Hit:
    entry: str
    score: float


@dataclass(frozen=True)
class _Open:
    """A scope as of one commit: its searcher, its index, when it was written, and what was counted in it."""

    searcher: Any
    index: Any
    changed: int
    frequencies: dict[tuple[str, str], int] = field(default_factory=dict)


class LexicalIndex:
    """Adds, deletes and finds entries by scope; readers never wait for a writer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()

    def write(self, scope: str, entries: Iterable[Entry], gone: Sequence[str] = ()) -> int:
        """Delete the versions `gone`, add the entries, commit once. Returns how many were added."""
        import tantivy

        index = self._index(scope)
        writer = index.writer(HEAP, 1)
        for version in gone:
            writer.delete_documents_by_term("version", version)
        count = 0
        for entry in entries:
            writer.add_document(_document(tantivy, entry))
            count += 1
        writer.commit()
        writer.wait_merging_threads()
        return count

    def search(
        self, scope: str, terms: Mapping[str, float], phrases: Mapping[str, float], most: int
    ) -> list[Hit]:
        """The best entries for weighted grams (`terms`) and dictionary words (`phrases`)."""
        known = self._newest(scope)
        if known is None or not (terms or phrases):
            return []
        query = _query(known.index.schema, terms, phrases)
        hits = known.searcher.search(query, most, count=False).hits
        return [Hit(known.searcher.doc(at)["id"][0], score) for score, at in hits]

    def frequency(self, scope: str, term: str, name: str = "body") -> int:
        """In how many entries of the scope the gram stands in the text (or, with `context`, above it).

        Asked for hundreds of terms a question: remembered for the commit that the last search or count saw.
        """
        known = self._open.get(scope) or self._newest(scope)
        if known is None:
            return 0
        found = known.frequencies.get((name, term))
        if found is None:
            found = known.frequencies[name, term] = known.searcher.doc_freq(name, term)
        return found

    def count(self, scope: str) -> int:
        known = self._newest(scope)
        return known.searcher.num_docs if known else 0

    def scopes(self) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in self._folder.glob("*") if (path / "meta.json").exists()))

    def clear(self) -> None:
        with self._lock:
            self._open.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _index(self, scope: str) -> Any:
        import tantivy

        path = self._folder / scope
        path.mkdir(parents=True, exist_ok=True)
        return tantivy.Index(_schema(), path=str(path), reuse=True)

    def _newest(self, scope: str) -> _Open | None:
        """The newest commit, of this or another process; None where the scope has no entries yet."""
        try:
            changed = os.stat(f"{self._folder}/{scope}/meta.json").st_mtime_ns
        except FileNotFoundError:
            self._open.pop(scope, None)
            return None
        known = self._open.get(scope)
        if known is None or known.changed != changed:
            with self._lock:
                index = known.index if known else self._index(scope)
                index.reload()
                known = self._open[scope] = _Open(index.searcher(), index, changed)
        return known


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("version", stored=False, tokenizer_name="raw", index_option="basic")
    for name in FIELDS:
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(tantivy: Any, entry: Entry) -> Any:
    return tantivy.Document(
        id=[entry.id],
        version=[entry.version_id],
        body=[" ".join(grams(entry.body))],
        context=[" ".join(grams(entry.context))],
        words=[" ".join(words(f"{entry.context}\n{entry.body}"))],
    )


def _query(schema: Any, terms: Mapping[str, float], phrases: Mapping[str, float]) -> Any:
    import tantivy

    query, should = tantivy.Query, tantivy.Occur.Should
    weighted = [
        (name, term, weight * FIELDS[name]) for term, weight in terms.items() for name in ("body", "context")
    ]
    weighted += [("words", word, weight * FIELDS["words"]) for word, weight in phrases.items()]
    return query.boolean_query(
        [
            (should, query.boost_query(query.term_query(schema, name, term, index_option="freq"), weight))
            for name, term, weight in weighted
        ]
    )
