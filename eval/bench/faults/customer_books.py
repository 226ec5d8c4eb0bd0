"""What the customer system of a drill holds, and what may come over one of its writes (no HTTP)."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import orjson

LAG_S = 1.5
"""Seconds after which a new record stands in lists and can be found by its key; by its id it is there at once."""
PAGE = 200


class Moment(StrEnum):
    """When in the next write something happens."""

    BEFORE = "before"
    """It dies with the request read and nothing done."""
    AFTER = "after"
    """It dies with the write on disk and nothing answered."""
    LATE = "late"
    """It does the write after whoever asked has given up waiting, and stays alive."""
    HELD = "held"
    """The write is on disk and the answer is held back, for whoever asked to be killed meanwhile."""


class Harm(NamedTuple):
    moment: Moment
    seconds: float
    """How long `LATE` and `HELD` take."""


class Change(NamedTuple):
    """A field that was changed."""

    record: str
    field: str
    value: str


class Books:
    """What the system holds, in one SQLite file that a `kill -9` does not harm."""

    def __init__(self, file: Path) -> None:
        self._file = sqlite3.connect(file, isolation_level=None)
        self._file.executescript(
            """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
            CREATE TABLE IF NOT EXISTS held (
                id TEXT PRIMARY KEY, kind TEXT NOT NULL, account TEXT, key TEXT, body TEXT NOT NULL,
                version INTEGER NOT NULL, made_at REAL NOT NULL);
            CREATE TABLE IF NOT EXISTS changed (record TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL);
            """
        )

    def close(self) -> None:
        self._file.close()

    def settle(self, accounts: Mapping[str, Mapping[str, Any]]) -> None:
        """Customers, made long ago."""
        rows = [(number, "account", None, None, _text(body), 1, 0.0) for number, body in accounts.items()]
        self._file.executemany("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def keys(self) -> list[str]:
        """The write key of every record, once for each record."""
        return [str(key) for (key,) in self._file.execute("SELECT key FROM held WHERE kind <> 'account'")]

    def changes(self) -> list[Change]:
        return [Change(*row) for row in self._file.execute("SELECT record, field, value FROM changed")]

    def one(self, kind: str, number: str) -> dict[str, Any] | None:
        return next(iter(self._rows("kind = ? AND id = ?", kind, number)), None)

    def listed(self, kind: str, of: Mapping[str, str], page: int) -> list[dict[str, Any]]:
        """By `account` or `key`; what was made a moment ago is not in it yet."""
        where = "".join(f" AND {name} = ?" for name in of)
        shown = f"kind = ? AND made_at <= ?{where} ORDER BY id LIMIT {PAGE} OFFSET {(page - 1) * PAGE}"
        return self._rows(shown, kind, time.time() - LAG_S, *of.values())

    def make(self, kind: str, body: dict[str, Any]) -> str:
        account, key = body.pop("account"), body.pop("key")
        number = f"{kind}-{os.urandom(6).hex()}"
        row = (number, kind, account, key, _text(body), 1, time.time())
        self._file.execute("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return number

    def change(self, number: str, body: dict[str, Any], values: Mapping[str, Any]) -> None:
        kept = {
            name: value for name, value in body.items() if name not in {"id", "account", "key", "version"}
        }
        self._file.execute("BEGIN IMMEDIATE")
        new = _text(kept | dict(values))
        self._file.execute("UPDATE held SET body = ?, version = version + 1 WHERE id = ?", (new, number))
        lines = [(number, name, str(value)) for name, value in values.items()]
        self._file.executemany("INSERT INTO changed VALUES (?, ?, ?)", lines)
        self._file.execute("COMMIT")

    def drop(self, number: str) -> None:
        self._file.execute("DELETE FROM held WHERE id = ?", (number,))

    def _rows(self, where: str, *values: Any) -> list[dict[str, Any]]:
        asked = f"SELECT id, account, key, version, body FROM held WHERE {where}"
        return [
            {"id": number, "account": account, "key": key, "version": version} | orjson.loads(body)
            for number, account, key, version, body in self._file.execute(asked, values)
        ]


def _text(body: Mapping[str, Any]) -> str:
    return orjson.dumps(body).decode()
