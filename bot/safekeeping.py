"""Backup, restore, and moving on to PostgreSQL: everything counted and hashed on the way out and on the way in."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson
from sqlalchemy import Engine, inspect
from sqlmodel import Session

from bot import journal, schema, snapshot
from bot.errors import InvalidInput
from bot.schema import Standing
from bot.snapshot import Content, Digest

FORMAT = 1
MANIFEST = "manifest.json"
LEFT_OUT = frozenset({"index", "vectors", "yiju.db", "yiju.db-wal", "yiju.db-shm"})
"""Of the data dir: the database comes as lines, the indexes and vectors are made again."""
LARGEST_LINE = 64 * 1024 * 1024
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, by which it is checked."""

    format: int
    made_at: str
    revision: str
    journal: str
    """The last hash of the journal."""
    tables: dict[str, Content] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Path below the data dir → SHA-256."""

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables.values())


def backup(engine: Engine, data_dir: Path, target: Path, now: datetime) -> Manifest:
    """Write one archive of the store at one moment and the files that belong to it; it appears whole or not at all.

    Readable by its owner only: it holds the secret key. Raises `InvalidInput` where the target is there already.
    """
    if target.exists():
        raise InvalidInput(f"{target} is there already; name another file or remove it")
    half = target.with_name(f".{target.name}.half")
    half.unlink(missing_ok=True)
    half.touch(mode=0o600)
    try:
        with tarfile.open(half, "w:gz", compresslevel=6) as archive:
            manifest = _write(engine, data_dir, archive, now)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    return manifest


def _write(engine: Engine, data_dir: Path, archive: tarfile.TarFile, now: datetime) -> Manifest:
    tables: dict[str, Content] = {}
    with snapshot.begin_snapshot(engine) as connection:
        revision = schema.current(connection)
        last = journal.last_hash(Session(connection))
        for table in snapshot.tables_of(connection):
            digest = Digest()
            with _spool() as lines:
                for line in snapshot.lines_of(connection, table):
                    digest.add(line)
                    lines.write(line + b"\n")
                _add(archive, f"tables/{table.name}.jsonl", lines)
            tables[str(table.name)] = digest.content
    files = {}
    for path in kept_files(data_dir):
        name = path.relative_to(data_dir).as_posix()
        files[name] = _hash(path)
        archive.add(path, f"files/{name}", recursive=False)
    manifest = Manifest(FORMAT, now.isoformat(), revision, last, tables, files)
    written = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)
    _add(archive, MANIFEST, io.BytesIO(written))
    return manifest


def restore(engine: Engine, data_dir: Path, source: Path, *, force: bool = False) -> Manifest:
    """Load an archive after checking all of it. Raises `InvalidInput`, and then has changed nothing.

    The store must be empty, or `force` empties it. Its rows, the journal's chain and the files are proved at the end.
    """
    manifest = verify(source)
    if manifest.revision not in schema.revisions():
        raise InvalidInput(
            f"{source} is of schema {manifest.revision}, which this version does not know; use the version that made it"
        )
    with tarfile.open(source) as archive:
        with engine.begin() as connection:
            _prepare(connection, manifest.revision, force=force)
            for table in snapshot.tables_of(connection):
                if table.name in manifest.tables:
                    snapshot.load(connection, table, _lines(archive, f"tables/{table.name}.jsonl"))
            _prove(connection, manifest)
        _put_files(archive, data_dir, manifest)
    schema.migrate(engine)
    return manifest


def _prepare(connection: Any, revision: str, *, force: bool) -> None:
    """The schema at the archive's revision, with nothing in it."""
    found = schema.current(connection)
    if schema.standing(found) is Standing.AHEAD and not force:
        raise InvalidInput(
            f"the store's schema is {found}, of a later version than this one ({schema.head()}); "
            "use that version, or replace all of it by `yiju restore --force`"
        )
    if not found and (others := inspect(connection).get_table_names()):
        raise InvalidInput(
            f"the database is not empty: it holds {len(others)} tables of something else; give an empty one"
        )
    tables = snapshot.tables_of(connection)
    if found and not force and not snapshot.is_empty(connection, tables):
        raise InvalidInput("the store is not empty; restore into an empty one, or replace it with --force")
    if found and found != revision:
        schema.drop_all(connection)
        found = ""
    elif found:
        snapshot.empty(connection, tables)
    if not found:
        schema.upgrade(connection, revision)


def verify(source: Path) -> Manifest:
    """Read a whole archive and compare it with its manifest. Raises `InvalidInput`."""
    try:
        with tarfile.open(source) as archive:
            manifest = _manifest(archive, source)
            for name, expected in manifest.tables.items():
                digest = Digest()
                for line in _lines(archive, f"tables/{name}.jsonl"):
                    digest.add(line)
                if digest.content != expected:
                    raise InvalidInput(f"{source}: table {name} is not what its manifest says; it is damaged")
            for name, expected_hash in manifest.files.items():
                if _safe(name) is None or _hash_of(_member(archive, f"files/{name}")) != expected_hash:
                    raise InvalidInput(f"{source}: file {name} is not what its manifest says; it is damaged")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InvalidInput(
            f"{source} cannot be read as a backup ({error}); expected one of `yiju backup`"
        ) from error
    return manifest


def migrate_to(source: Engine, target: Engine) -> dict[str, Content]:
    """Copy every table into an empty store of the same schema and prove it. Raises `InvalidInput`."""
    if later := schema.ahead(source):
        raise InvalidInput(
            f"the schema is {later}, of a later version than this one ({schema.head()}); use that version to move on"
        )
    with snapshot.begin_snapshot(source) as reading, target.begin() as writing:
        revision, last = schema.current(reading), journal.last_hash(Session(reading))
        _prepare(writing, revision, force=False)
        into = {table.name: table for table in snapshot.tables_of(writing)}
        moved: dict[str, Content] = {}
        for table in snapshot.tables_of(reading):
            digest = Digest()
            snapshot.load(writing, into[table.name], _counted(snapshot.lines_of(reading, table), digest))
            moved[str(table.name)] = digest.content
        _prove(writing, Manifest(FORMAT, "", revision, last, moved))
    with snapshot.begin_snapshot(source) as again:
        if journal.last_hash(Session(again)) != last:
            raise InvalidInput(
                "the source was written to meanwhile; stop everything that serves it, empty the target, and run this again"
            )
    return moved


def _counted(lines: Iterator[bytes], digest: Digest) -> Iterator[bytes]:
    for line in lines:
        digest.add(line)
        yield line


def _prove(connection: Any, manifest: Manifest) -> None:
    """What was loaded, read back, is what was to be loaded; the journal's chain is whole."""
    for table in snapshot.tables_of(connection):
        expected = manifest.tables.get(table.name)
        found = snapshot.content_of(connection, table)
        if expected is not None and found != expected:
            raise InvalidInput(
                f"table {table.name} came out different ({found.rows} rows, expected {expected.rows}); nothing was changed"
            )
    session = Session(connection)
    broken = journal.verify(session)
    if broken is not None or journal.last_hash(session) != manifest.journal:
        raise InvalidInput(f"the journal's chain does not hold after loading ({broken}); nothing was changed")


def kept_files(data_dir: Path) -> list[Path]:
    """The files of the data dir that a backup keeps: documents, models, the company's own settings files."""
    return [
        path
        for path in sorted(data_dir.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.relative_to(data_dir).parts[0] not in LEFT_OUT
        and path.suffix not in {".lock", ".half"}
    ]


def _put_files(archive: tarfile.TarFile, data_dir: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        path = data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.half")
        half.touch(mode=0o600)
        half.write_bytes(_member(archive, f"files/{name}").read())
        os.replace(half, path)


def _manifest(archive: tarfile.TarFile, source: Path) -> Manifest:
    try:
        read = orjson.loads(_member(archive, MANIFEST).read())
        tables = {str(name): Content(**one) for name, one in read.pop("tables").items()}
        manifest = Manifest(**read, tables=tables)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{source} has no readable manifest ({error}); expected one of `yiju backup`"
        ) from error
    if manifest.format != FORMAT:
        raise InvalidInput(
            f"{source} is of format {manifest.format}, expected {FORMAT}; use the version that made it"
        )
    return manifest


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A plain file of the archive; links and devices are none. Raises `InvalidInput`."""
    try:
        found = archive.getmember(name)
    except KeyError as error:
        raise InvalidInput(f"the backup lacks {name}; it is damaged or none") from error
    opened = archive.extractfile(found) if found.isreg() else None
    if opened is None:
        raise InvalidInput(f"{name} in the backup is no plain file; it was tampered with")
    return opened


def _lines(archive: tarfile.TarFile, name: str) -> Iterator[bytes]:
    lines = _member(archive, name)
    while line := lines.readline(LARGEST_LINE):
        yield line.rstrip(b"\n")


def _safe(name: str) -> PurePosixPath | None:
    """A path that stays below the data dir, or None."""
    path = PurePosixPath(name)
    return None if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts else path


def _spool() -> IO[bytes]:
    """A table of any size: in memory while it is small, else in a file that has no name."""
    return tempfile.SpooledTemporaryFile(max_size=16 * 1024 * 1024)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    about = tarfile.TarInfo(name)
    about.size, about.mode = size, 0o600
    archive.addfile(about, content)


def _hash(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _hash_of(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
