"""Which passages mean something similar: vectors in Chroma, one collection a scope.

Embedded (a folder for what is no customer's; single customers' vectors lie in files of their own, knowledge/few.py)
or a server (`http://host:port`, for all scopes). No `where` filter is ever used in a query: measured at 50,000 vectors
it made a query twenty times slower, and a separate collection cannot leak by a forgotten filter.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from knowledge.differences import prints
from knowledge.encoder import Vectors
from knowledge.few import FewVectors, as_held
from knowledge.lexical import PUBLIC, Hit

GRAPH: Any = {"hnsw": {"space": "cosine", "ef_search": 1000, "ef_construction": 200, "max_neighbors": 32}}
"""Of the 60 nearest, Chroma's defaults missed 21 among 20,000 vectors, and some among 300, other ones after each start;
this misses 0.9 and none, for 0.7 ms more a question."""
AT_ONCE = 2000
"""Rows read together when all are looked at."""
PATIENCE = 10.0
"""Seconds until a vector server counts as down."""


class DenseIndex:
    """Collections named `<prefix>-<scope>`; `prefix` changes with the encoder, so vectors of two never mix."""

    def __init__(self, folder: Path, url: str, prefix: str) -> None:
        self._folder, self._url, self._prefix = folder, url, prefix
        self._few = None if url else FewVectors(folder.with_name("customers"), prefix)
        self._client_: Any = None
        self._known: dict[str, Any] = {}
        self._lock = threading.RLock()

    def write(
        self,
        scope: str,
        ids: Sequence[str],
        vectors: Vectors,
        versions: Sequence[str],
        marks: Sequence[str] = (),
    ) -> None:
        """`marks` name what each vector was made from (none: nothing to compare it with later)."""
        if not ids:
            return
        marks = marks or [""] * len(ids)
        if few := self._files(scope):
            few.write(scope, ids, vectors, versions, marks)
            return
        collection = self._client().get_or_create_collection(
            self._name(scope), configuration=GRAPH, embedding_function=None
        )
        size = min(self._client().get_max_batch_size(), 2000)
        for at in range(0, len(ids), size):
            part = slice(at, at + size)
            about = [
                {"version": version, "mark": mark, "print": float(place)}
                for version, mark, place in zip(
                    versions[part], marks[part], prints(vectors[part]), strict=True
                )
            ]
            collection.upsert(ids=list(ids[part]), embeddings=vectors[part], metadatas=about)
        self._known[scope] = collection

    def delete(self, scope: str, version: str) -> None:
        if few := self._files(scope):
            few.delete(scope, version)
        elif (collection := self._collection(scope)) is not None:
            collection.delete(where={"version": version})

    def search(self, scope: str, vectors: Vectors, most: int) -> list[list[Hit]]:
        """For each vector (a row) the nearest entries with their cosine; none where it is all zeros: no known part."""
        if few := self._files(scope):
            return few.search(scope, vectors, most)
        asked = [at for at, vector in enumerate(vectors) if vector.any()]
        found: list[list[Hit]] = [[] for _ in vectors]
        collection = self._collection(scope) if asked else None
        if collection is None:
            return found
        near = collection.query(
            query_embeddings=[vectors[at] for at in asked], n_results=most, include=["distances"]
        )
        for at, names, far in zip(asked, near["ids"], near["distances"], strict=True):
            found[at] = [Hit(name, 1.0 - one) for name, one in zip(names, far, strict=True)]
        return found

    def held(self, scope: str) -> dict[str, str]:
        """Every vector's id with the mark of what it was made from, or `CHANGED` where it is another vector now."""
        if few := self._files(scope):
            return few.held(scope)
        collection, found = self._collection(scope), dict[str, str]()
        for at in range(0, self.count(scope), AT_ONCE):
            rows = collection.get(limit=AT_ONCE, offset=at, include=["metadatas", "embeddings"])
            found |= as_held(
                rows["ids"],
                [str(one.get("mark", "")) for one in rows["metadatas"]],
                np.array([one.get("print", np.inf) for one in rows["metadatas"]], dtype=np.float32),
                np.asarray(rows["embeddings"], dtype=np.float32),
            )
        return found

    def count(self, scope: str) -> int:
        if few := self._files(scope):
            return few.count(scope)
        collection = self._collection(scope)
        return int(collection.count()) if collection is not None else 0

    def scopes(self) -> tuple[str, ...]:
        names = [collection.name for collection in self._client().list_collections()]
        found = [name.split("-", 1)[1] for name in names if name.startswith(f"{self._prefix}-")]
        return tuple(sorted([*found, *(self._few.scopes() if self._few else ())]))

    def clear(self) -> None:
        """Drop every collection of ours, of earlier encoders too."""
        for collection in self._client().list_collections():
            if collection.name.startswith("yiju"):
                self._client().delete_collection(collection.name)
        self._known.clear()
        if self._few:
            self._few.clear()

    def reopen(self) -> None:
        """Another process wrote: an open embedded client keeps showing what it had read before."""
        self._known.clear()
        if not self._url:
            self.close()

    def close(self) -> None:
        """Let go of files and connections; the next call opens them again."""
        with self._lock:
            self._known.clear()
            client, self._client_ = self._client_, None
        if client is None:
            return
        if self._url:
            for session in _sessions(client):
                session.close()  # Chroma's own close leaves the connections open (1.5.9)
        client.close()

    def _files(self, scope: str) -> FewVectors | None:
        """Where a single customer's vectors are; None for what Chroma holds."""
        return None if scope.startswith(PUBLIC) else self._few

    def _name(self, scope: str) -> str:
        return f"{self._prefix}-{scope}"

    def _collection(self, scope: str) -> Any:
        if scope not in self._known:
            from chromadb.errors import NotFoundError

            try:
                self._known[scope] = self._client().get_collection(self._name(scope), embedding_function=None)
            except NotFoundError:
                return None
        return self._known[scope]

    def _client(self) -> Any:
        with self._lock:
            if self._client_ is None:
                self._client_ = self._connected()
            return self._client_

    def _connected(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        if not self._url:
            self._folder.mkdir(parents=True, exist_ok=True)
            return chromadb.PersistentClient(str(self._folder), settings=settings)
        at = urlsplit(self._url)
        client = chromadb.HttpClient(
            at.hostname or "localhost", at.port or 8000, ssl=at.scheme == "https", settings=settings
        )
        for session in _sessions(client):
            session.timeout = PATIENCE  # Chroma sets none: a server that hangs would hang the turn
        return client


def _sessions(client: Any) -> tuple[Any, Any]:
    """The connections of a server's client, and of the second client that it makes for itself."""
    return client._server._session, client._admin_client._server._session
