"""Which passages mean something similar: vectors in Chroma, one collection a scope.

Embedded (two folders: what everybody may see, and what single customers may) or a server (`http://host:port`). No
`where` filter is ever used in a query: measured at 50,000 vectors it made a query twenty times slower, and a separate
collection cannot leak by a forgotten filter.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from knowledge.encoder import Vectors
from knowledge.lexical import PUBLIC, Hit

PATIENCE = 10.0
"""Seconds until a vector server counts as down."""
MOST_OPEN = 48
"""Customers' collections that stay open at once; each holds 3 MB in an embedded Chroma 1.5.9, whatever its size."""


class DenseIndex:
    """Collections named `<prefix>-<scope>`; `prefix` changes with the encoder, so vectors of two never mix."""

    def __init__(self, folder: Path, url: str, prefix: str) -> None:
        restricted = folder.with_name(f"{folder.name}-customers")
        self._public, self._restricted = _Chroma(folder, url), _Chroma(restricted, url, most=MOST_OPEN)
        self._prefix = prefix

    def write(self, scope: str, ids: Sequence[str], vectors: Vectors, versions: Sequence[str]) -> None:
        if not ids:
            return
        collection = self._of(scope).made(self._name(scope))
        size = min(self._of(scope).client().get_max_batch_size(), 2000)
        for at in range(0, len(ids), size):
            part = slice(at, at + size)
            about = [{"version": version} for version in versions[part]]
            collection.upsert(ids=list(ids[part]), embeddings=vectors[part], metadatas=about)

    def delete(self, scope: str, version: str) -> None:
        if (collection := self._of(scope).opened(self._name(scope))) is not None:
            collection.delete(where={"version": version})

    def search(self, scope: str, vector: Vectors, most: int) -> list[Hit]:
        """Nearest entries with their cosine; none where the question has no known part."""
        collection = self._of(scope).opened(self._name(scope))
        if collection is None or not vector.any():
            return []
        found = collection.query(query_embeddings=[vector], n_results=most, include=["distances"])
        return [
            Hit(name, 1.0 - far) for name, far in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def count(self, scope: str) -> int:
        collection = self._of(scope).opened(self._name(scope))
        return int(collection.count()) if collection is not None else 0

    def scopes(self) -> tuple[str, ...]:
        names = {name for chroma in (self._public, self._restricted) for name in chroma.names()}
        return tuple(sorted(name.split("-", 1)[1] for name in names if name.startswith(f"{self._prefix}-")))

    def clear(self) -> None:
        """Drop every collection of ours, of earlier encoders too."""
        for chroma in (self._public, self._restricted):
            chroma.drop("yiju")

    def reopen(self) -> None:
        """Another process wrote: an open embedded client keeps showing what it had read before."""
        for chroma in (self._public, self._restricted):
            chroma.forget()

    def close(self) -> None:
        """Let go of files and connections; the next call opens them again."""
        for chroma in (self._public, self._restricted):
            chroma.close()

    def _of(self, scope: str) -> _Chroma:
        return self._public if scope == PUBLIC else self._restricted

    def _name(self, scope: str) -> str:
        return f"{self._prefix}-{scope}"


class _Chroma:
    """A client that opens itself at the first call, and its open collections, at most `most` (0: any number)."""

    def __init__(self, folder: Path, url: str, most: int = 0) -> None:
        self._folder, self._url, self._most = folder, url, most
        self._client: Any = None
        self._open: dict[str, Any] = {}
        self._lock = threading.RLock()

    def opened(self, name: str) -> Any:
        """The collection; None where there is none."""
        from chromadb.errors import NotFoundError

        try:
            return self._kept(name, lambda: self.client().get_collection(name, embedding_function=None))
        except NotFoundError:
            return None

    def made(self, name: str) -> Any:
        """The collection, new where there was none."""
        space = {"hnsw": {"space": "cosine"}}
        return self._kept(
            name,
            lambda: self.client().get_or_create_collection(
                name, configuration=space, embedding_function=None
            ),
        )

    def _kept(self, name: str, find: Any) -> Any:
        with self._lock:
            if name not in self._open:
                if self._most and len(self._open) >= self._most:
                    self.forget()
                self._open[name] = find()
            return self._open[name]

    def names(self) -> list[str]:
        return [collection.name for collection in self.client().list_collections()]

    def drop(self, prefix: str) -> None:
        with self._lock:
            for name in self.names():
                if name.startswith(prefix):
                    self.client().delete_collection(name)
            self._open.clear()

    def forget(self) -> None:
        """Read anew what is on disk; a server does so by itself."""
        with self._lock:
            self._open.clear()
            if not self._url:
                self.close()

    def close(self) -> None:
        with self._lock:
            self._open.clear()
            client, self._client = self._client, None
        if client is not None:
            if self._url:
                for session in _sessions(client):
                    session.close()  # Chroma's own close leaves the connections open (1.5.9)
            client.close()

    def client(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connected()
            return self._client

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
