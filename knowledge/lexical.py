"""Which passages share words with a question: BM25 by tantivy, one index a scope.

A scope is what the same people may read: `public`, or the documents of one customer; of each, what not everyone may read
is apart. Scopes are separate directories, so a question that is not about a customer cannot touch that customer's words
at all, and one of somebody else not a team's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.differences import mark
from knowledge.tokens import grams, words
from knowledge.visibility import EVERYONE

PUBLIC = "public"
HEAP = 15_000_000
"""Bytes a writer may hold; tantivy's smallest. A commit follows every document anyway."""
REMEMBERED = 64
"""Sets of scopes whose counts are kept; each has a gram for every one that was asked for."""
FIELDS: Mapping[str, float] = {"body": 1.0, "context": 1.5, "words": 0.7, "questions": 0.5}
"""What a term counts in each field: the text, headings and title above it, words by dictionary, questions that a
language model thinks it answers."""
HAS_QUESTIONS = "?"
"""Stands in the field of an entry that has any; no gram is spelled so."""


def scope_of(customer: str | None, visibility: str = EVERYONE, *, past: bool = False) -> str:
    """The scope's name: safe for file systems and Chroma, whatever a customer or a team is called. `past`: of versions
    that were replaced."""
    whose = PUBLIC if customer is None else f"c-{_named(customer)}"
    found = whose if visibility == EVERYONE else f"{whose}-{_named(visibility)}"
    return f"{found}-past" if past else found


def _named(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Entry:
    """What is indexed: a passage, or one row of a table passage. `context` is what stands above it."""

    id: str
    passage_id: str
    version_id: str
    body: str
    context: str
    questions: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """Names its content."""
        return mark(self.body, self.context, *self.questions)


@dataclass(frozen=True)
class Hit:
    entry: str
    score: float


@dataclass(frozen=True)
class _Open:
    """A scope as of one commit: its searcher, its index, when it was written."""

    searcher: Any
    index: Any
    changed: int
    fields: tuple[str, ...]
    """What a gram is looked for in: no time is lost on questions where there are none."""


MOST_GRAMS = 100_000
"""Kept with their frequencies, some 15 MB. Typos are tried in every spelling, so there is no end to what is looked up."""


class _Frequencies(dict[str, int]):
    """Gram → in how many entries it stands; a question asks for hundreds, most of them asked for before."""

    def __init__(self, searchers: Sequence[Any], name: str, first: Mapping[str, int] | None = None) -> None:
        self._counting, self._name, self._first = [one.doc_freq for one in searchers], name, first

    def __missing__(self, gram: str) -> int:
        if len(self) >= MOST_GRAMS:
            self.clear()
        found = self._first[gram] if self._first is not None else 0
        if not found:
            for count in self._counting:
                found += count(self._name, gram)
        self[gram] = found
        return found


class Counts:
    """How often grams stand in some scopes, as of one commit of each."""

    def __init__(self, opened: Sequence[_Open]) -> None:
        searchers = [one.searcher for one in opened]
        self.entries: int = sum(one.num_docs for one in searchers)
        self.text: Mapping[str, int] = _Frequencies(searchers, "body")
        """In how many entries a gram stands in the text."""
        self.anywhere: Mapping[str, int] = _Frequencies(searchers, "context", self.text)
        """The same, or where it stands in no text, in how many it stands above it."""


class LexicalIndex:
    """Adds, deletes and finds entries by scope; readers never wait for a writer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, _Open] = {}
        self._counted: dict[tuple[str, ...], tuple[list[_Open], Counts]] = {}
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
        query = _query(known.index.schema, known.fields, terms, phrases)
        hits = known.searcher.search(query, most, count=False).hits
        return [Hit(known.searcher.doc(at)["id"][0], score) for score, at in hits]

    def counts(self, *scopes: str) -> Counts:
        """What is counted in these scopes together; the same object as long as none of them is written to."""
        opened = [known for scope in scopes if (known := self._newest(scope)) is not None]
        before, counts = self._counted.get(scopes, ([], None))
        if counts is None or [id(one) for one in before] != [id(one) for one in opened]:
            counts = Counts(opened)
            if len(self._counted) >= REMEMBERED:
                self._counted.clear()
            self._counted[scopes] = opened, counts
        return counts

    def count(self, scope: str) -> int:
        known = self._newest(scope)
        return known.searcher.num_docs if known else 0

    def held(self, scope: str) -> dict[str, str]:
        """Every entry's id with the mark of its content."""
        import tantivy

        known = self._newest(scope)
        if known is None or not known.searcher.num_docs:
            return {}
        hits = known.searcher.search(tantivy.Query.all_query(), known.searcher.num_docs, count=False).hits
        rows = (known.searcher.doc(at) for _, at in hits)
        return {row["id"][0]: row["mark"][0] for row in rows}

    def scopes(self) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in self._folder.glob("*") if (path / "meta.json").exists()))

    def clear(self) -> None:
        with self._lock:
            self._open.clear()
            self._counted.clear()
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
                searcher = index.searcher()
                asked = ("questions",) if searcher.doc_freq("questions", HAS_QUESTIONS) else ()
                known = self._open[scope] = _Open(searcher, index, changed, ("body", "context", *asked))
        return known


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("version", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("mark", stored=True, tokenizer_name="raw", index_option="basic")
    for name in FIELDS:
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(tantivy: Any, entry: Entry) -> Any:
    return tantivy.Document(
        id=[entry.id],
        version=[entry.version_id],
        mark=[entry.mark],
        body=[" ".join(grams(entry.body))],
        context=[" ".join(grams(entry.context))],
        words=[" ".join(words(f"{entry.context}\n{entry.body}"))],
        questions=[_asked(entry.questions)],
    )


def _asked(questions: Sequence[str]) -> str:
    return " ".join([HAS_QUESTIONS, *(gram for one in questions for gram in grams(one))]) if questions else ""


def _query(
    schema: Any, fields: Sequence[str], terms: Mapping[str, float], phrases: Mapping[str, float]
) -> Any:
    import tantivy

    query, should = tantivy.Query, tantivy.Occur.Should
    weighted = [(name, term, weight * FIELDS[name]) for term, weight in terms.items() for name in fields]
    weighted += [("words", word, weight * FIELDS["words"]) for word, weight in phrases.items()]
    return query.boolean_query(
        [
            (should, query.boost_query(query.term_query(schema, name, term, index_option="freq"), weight))
            for name, term, weight in weighted
        ]
    )
