"""What is compared: production's library, its two indexes alone, and LangChain's usual splitter over the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from knowledge import Library, Passage
from knowledge.encoder import Encoder
from knowledge.lexical import PUBLIC, Hit, scope_of
from knowledge.readers import read
from knowledge.retrieval import Asked
from knowledge.tokens import grams

from .retrieval import MOST, Found
from .retrieval_cases import TODAY, Shown, Source


def shown(passage: Passage) -> Shown:
    return Shown(passage.citation.title, passage.text, passage.citation.heading, passage.customer)


@dataclass(frozen=True)
class Production:
    """`Library.search` as the bot calls it."""

    library: Library

    def ask(self, question: str, customer: str | None) -> Found:
        found = self.library.search(question, customer=customer, k=MOST, today=TODAY)
        return Found([shown(one.passage) for one in found.evidence], found.answerable)


@dataclass(frozen=True)
class Reweighed:
    """The same with vectors counting otherwise, as `yiju knowledge tune` would try them."""

    library: Library
    dense: float

    def ask(self, question: str, customer: str | None) -> Found:
        weights = replace(self.library.weights, dense=self.dense)
        retrieval = self.library.as_if(weights=weights)
        found = retrieval.find(Asked(question, customer, MOST, today=TODAY), self.library.index_hash)
        return Found([shown(one.passage) for one in found.evidence], found.answerable)


@dataclass(frozen=True)
class WordsAlone:
    """BM25 over character uni- and bigrams of the same passages: no lexicon, no second look."""

    library: Library

    def ask(self, question: str, customer: str | None) -> Found:
        lexical = self.library._index.lexical
        terms = dict.fromkeys(grams(question), 1.0)
        hits = [hit for scope in _scopes(customer) for hit in lexical.search(scope, terms, {}, 5 * MOST)]
        return Found(_passages(self.library, hits))


@dataclass(frozen=True)
class VectorsAlone:
    """The nearest entries by cosine, of the same passages and the same encoder."""

    library: Library

    def ask(self, question: str, customer: str | None) -> Found:
        index = self.library._index.dense
        vectors = self.library._encoder.encode([question], question=True)
        hits = [hit for scope in _scopes(customer) for hit in index.search(scope, vectors, 5 * MOST)[0]]
        return Found(_passages(self.library, hits))


def _scopes(customer: str | None) -> list[str]:
    return [PUBLIC, *([scope_of(customer)] if customer else [])]


def _passages(library: Library, hits: Sequence[Hit]) -> list[Shown]:
    ordered = dict.fromkeys(hit.entry.split("#")[0] for hit in sorted(hits, key=lambda hit: -hit.score))
    found = library._passages(ordered)
    return [shown(found[one]) for one in ordered if one in found][:MOST]


CHUNK, OVERLAP = 1000, 200
"""What LangChain's own tutorials use; five chunks show four to ten times as much text as five of our passages."""


class LangChainDefault:
    """Readers' text → `RecursiveCharacterTextSplitter` → Chroma (in memory), with the same encoder."""

    def __init__(self, documents: Sequence[Source], titles: dict[str, str], encoder: Encoder) -> None:
        import chromadb
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        self._encoder, self._chunks = encoder, list[Shown]()
        self._client = chromadb.EphemeralClient()
        splitter = RecursiveCharacterTextSplitter(
            chunk_size=CHUNK, chunk_overlap=OVERLAP, add_start_index=True
        )
        for source in documents:
            self._take_in(source, titles[source.path.name], splitter)
        vectors = encoder.encode([chunk.text for chunk in self._chunks])
        self._by_scope: dict[str, Any] = {}
        for scope in {scope_of(chunk.customer) for chunk in self._chunks}:
            own = [at for at, chunk in enumerate(self._chunks) if scope_of(chunk.customer) == scope]
            collection = self._client.create_collection(f"baseline-{scope}", embedding_function=None)
            collection.add(ids=[str(at) for at in own], embeddings=vectors[own])
            self._by_scope[scope] = collection

    def _take_in(self, source: Source, title: str, splitter: Any) -> None:
        blocks = read(source.path)
        text = "\n\n".join(block.text for block in blocks)
        for chunk in splitter.create_documents([text]):
            # every heading counts as known, wherever the chunk starts: the judgement is generous to this baseline
            above = " ".join(block.text for block in blocks if block.kind == "heading")
            self._chunks.append(Shown(title, chunk.page_content, above, source.customer))

    def ask(self, question: str, customer: str | None) -> Found:
        vector = self._encoder.encode([question], question=True)
        near: list[tuple[float, int]] = []
        for scope in _scopes(customer):
            if collection := self._by_scope.get(scope):
                found = collection.query(query_embeddings=vector, n_results=MOST, include=["distances"])
                near += [
                    (far, int(at)) for at, far in zip(found["ids"][0], found["distances"][0], strict=True)
                ]
        return Found([self._chunks[at] for _, at in sorted(near)[:MOST]])

    def close(self) -> None:
        for collection in self._by_scope.values():
            self._client.delete_collection(collection.name)
