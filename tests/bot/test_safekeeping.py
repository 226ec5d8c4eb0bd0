"""Nothing is lost on the way into a backup, out of it, or into another database; what is damaged is refused whole."""

from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, select

from bot import journal, schema
from bot.errors import InvalidInput
from bot.safekeeping import MANIFEST, backup, kept_files, migrate_to, restore, verify
from bot.snapshot import begin_snapshot, content_of, from_line, tables_of, to_line
from bot.store import Store
from bot.tables import DeliveryRow, UserRow
from knowledge.company_files import CompanyFiles, FileKind
from knowledge.industry import Fact
from tests.fakes.clock import START
from tests.fakes.product import DemoCompany


@pytest.fixture
def company(demo: DemoCompany, tmp_path: Path) -> Iterator[tuple[Store, Path]]:
    """The demo company's store and data dir, with its documents and two lines in the journal."""
    folder = demo.copy_to(tmp_path / "var")
    (folder / "documents" / "ab").mkdir(parents=True)
    (folder / "documents" / "ab" / "abcd").write_bytes(b"%PDF-1.7")
    (folder / "secret_key").write_text("hush")
    store = Store(f"sqlite:///{folder / 'yiju.db'}")
    with store.begin() as session:
        for what in ("DecisionProposed", "DecisionConfirmed"):
            journal.append(session, who="zhangsan", what=what, subject="d1", at=START, body={"价": 1})
    yield store, folder
    store.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Store, Path]]:
    """Another machine: an empty data dir and an empty database."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    store = Store(f"sqlite:///{folder / 'yiju.db'}")
    schema.migrate(store.engine)
    yield store, folder
    store.close()


@pytest.fixture
def archive(company: tuple[Store, Path], tmp_path: Path) -> Path:
    store, folder = company
    path = tmp_path / "backup.tar.gz"
    backup(store.engine, folder, path, START)
    return path


def contents(store: Store) -> dict[str, Any]:
    with begin_snapshot(store.engine) as connection:
        return {table.name: content_of(connection, table) for table in tables_of(connection)}


def test_what_was_backed_up_comes_back_the_same(
    company: tuple[Store, Path], elsewhere: tuple[Store, Path], archive: Path
) -> None:
    restore(*_engine(elsewhere), archive)
    assert contents(elsewhere[0]) == contents(company[0])
    kept = {path.relative_to(company[1]): path.read_bytes() for path in kept_files(company[1])}
    assert {path.relative_to(elsewhere[1]): path.read_bytes() for path in kept_files(elsewhere[1])} == kept
    assert Path("documents/ab/abcd") in kept
    assert Path("secret_key") in kept
    with elsewhere[0].look() as session:
        assert journal.verify(session) is None
        assert journal.length(session) == 2


def test_the_company_s_own_industry_and_its_history_come_back(
    company: tuple[Store, Path], elsewhere: tuple[Store, Path], tmp_path: Path
) -> None:
    store, folder = company
    files = CompanyFiles(store.engine)
    shipped = files.text(FileKind.INDUSTRY)
    files.save(FileKind.INDUSTRY, "lines: {泵: [P60]}", "sunli", why="改", follows=1)
    archive = tmp_path / "with_files.tar.gz"
    backup(store.engine, folder, archive, START)
    restore(*_engine(elsewhere), archive)
    there = CompanyFiles(elsewhere[0].engine)
    assert there.industry() == (Fact("泵", "product", "P60"),)
    assert [one.why for one in there.versions(FileKind.INDUSTRY)] == ["改", "the demo company's"]
    there.restore(FileKind.INDUSTRY, 1, "sunli", why="退回", follows=2)
    assert there.text(FileKind.INDUSTRY) == shipped != ""


def test_a_backup_is_for_its_owner_and_replaces_nothing(company: tuple[Store, Path], archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with pytest.raises(InvalidInput, match="is there already"):
        backup(company[0].engine, company[1], archive, START)


def test_what_is_written_meanwhile_is_not_half_in_it(
    company: tuple[Store, Path],
) -> None:
    store, _ = company
    with begin_snapshot(store.engine) as connection:
        with store.begin() as session:
            session.add(UserRow(id="late", name="迟到", role="rep"))
        names = {row.id for row in Session(connection).exec(select(UserRow))}
    assert "late" not in names


def test_a_store_that_holds_something_is_kept_unless_one_insists(
    company: tuple[Store, Path], archive: Path
) -> None:
    store, folder = company
    with store.begin() as session:
        session.add(UserRow(id="new", name="新人", role="rep"))
    with pytest.raises(InvalidInput, match="not empty"):
        restore(store.engine, folder, archive)
    with store.look() as session:
        assert session.get(UserRow, "new") is not None
    restore(store.engine, folder, archive, force=True)
    with store.look() as session:
        assert session.get(UserRow, "new") is None
        assert session.get(UserRow, "zhangsan") is not None


@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_an_archive_that_was_cut_off_changes_nothing(
    elsewhere: tuple[Store, Path], archive: Path, keep: int
) -> None:
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(InvalidInput):
        restore(*_engine(elsewhere), archive)
    assert not any(one.rows for one in contents(elsewhere[0]).values())


def test_a_changed_row_or_file_is_found_before_anything_is_loaded(
    elsewhere: tuple[Store, Path], archive: Path, tmp_path: Path
) -> None:
    changed = _rewritten(archive, tmp_path / "row.tar.gz", "tables/bot_user.jsonl", lambda raw: raw + b"{}\n")
    with pytest.raises(InvalidInput, match="table bot_user is not what its manifest says"):
        restore(*_engine(elsewhere), changed)
    changed = _rewritten(archive, tmp_path / "file.tar.gz", "files/secret_key", lambda raw: b"mine")
    with pytest.raises(InvalidInput, match="file secret_key is not what its manifest says"):
        restore(*_engine(elsewhere), changed)
    assert not any(one.rows for one in contents(elsewhere[0]).values())


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_file_that_would_land_outside_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    def smuggle(raw: bytes) -> bytes:
        manifest = orjson.loads(raw)
        manifest["files"] = {name: manifest["files"]["secret_key"]}
        return orjson.dumps(manifest)

    changed = _rewritten(
        archive, tmp_path / "evil.tar.gz", MANIFEST, smuggle, {"files/secret_key": f"files/{name}"}
    )
    with pytest.raises(InvalidInput, match="damaged"):
        verify(changed)


def test_a_backup_of_a_schema_nobody_knows_is_refused(
    elsewhere: tuple[Store, Path], archive: Path, tmp_path: Path
) -> None:
    def future(raw: bytes) -> bytes:
        return orjson.dumps(orjson.loads(raw) | {"revision": "9999"})

    changed = _rewritten(archive, tmp_path / "future.tar.gz", MANIFEST, future)
    with pytest.raises(InvalidInput, match="schema 9999"):
        restore(*_engine(elsewhere), changed)


def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    elsewhere: tuple[Store, Path], tmp_path: Path
) -> None:
    old = Store(f"sqlite:///{tmp_path / 'old.db'}")
    with old.engine.begin() as connection:
        schema.upgrade(connection, "0001")
        connection.exec_driver_sql(
            "INSERT INTO bot_user (id, name, role, active, tone) VALUES ('zhangsan', '张三', 'rep', 1, 'warm')"
        )
    archive = tmp_path / "old.tar.gz"
    backup(old.engine, tmp_path / "nothing", archive, START)
    old.close()
    restore(*_engine(elsewhere), archive)
    with elsewhere[0].look() as session:
        assert schema.problem(session) == ""
        user = session.get(UserRow, "zhangsan")
        assert user is not None
        assert user.name == "张三"


@pytest.mark.service
def test_everything_moves_on_to_postgresql_and_goes_on_counting(
    company: tuple[Store, Path], empty_postgres: Store
) -> None:
    store, _ = company
    with store.begin() as session:
        session.add(_delivery("k1"))
    moved = migrate_to(store.engine, empty_postgres.engine)
    assert contents(empty_postgres) == contents(store)
    assert moved["bot_user"].rows == 6
    with empty_postgres.begin() as session:
        session.add(_delivery("k2"))  # its number is the database's own: after the ones that were brought
        session.flush()
        assert [row.seq for row in session.exec(select(DeliveryRow).order_by("seq"))] == [1, 2]
        assert journal.verify(session) is None
    with pytest.raises(InvalidInput, match="not empty"):
        migrate_to(store.engine, empty_postgres.engine)


@pytest.mark.service
def test_a_database_that_holds_something_else_is_left_alone(
    company: tuple[Store, Path], empty_postgres: Store
) -> None:
    with empty_postgres.engine.begin() as connection:
        schema.drop_all(connection)
        connection.exec_driver_sql("CREATE TABLE theirs (id int)")
    with pytest.raises(InvalidInput, match="it holds 1 tables of something else"):
        migrate_to(company[0].engine, empty_postgres.engine)
    with empty_postgres.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE theirs")


@pytest.mark.service
def test_a_backup_of_sqlite_restores_into_postgresql_and_back(
    company: tuple[Store, Path],
    elsewhere: tuple[Store, Path],
    empty_postgres: Store,
    archive: Path,
    tmp_path: Path,
) -> None:
    restore(empty_postgres.engine, tmp_path / "pg", archive)
    back = tmp_path / "back.tar.gz"
    backup(empty_postgres.engine, tmp_path / "pg", back, START)
    restore(*_engine(elsewhere), back)
    assert contents(elsewhere[0]) == contents(empty_postgres) == contents(company[0])


values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(), st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.dates(), st.decimals(allow_nan=False, allow_infinity=False), st.binary(),
    st.dictionaries(st.text(), st.text()), st.lists(st.integers(0, 9)),
)  # fmt: skip


@given(st.dictionaries(st.text(min_size=1), values))
def test_a_row_reads_back_as_it_was(row: dict[str, Any]) -> None:
    assert from_line(to_line(row)) == row


def test_what_json_has_no_word_for_keeps_its_kind() -> None:
    row = {
        "at": START,
        "on": date(2026, 11, 28),
        "price": Decimal("12.50"),
        "raw": b"\x00\xff",
        "body": {"$at": "x"},
    }
    assert from_line(to_line(row)) == row


def _engine(where: tuple[Store, Path]) -> tuple[Any, Path]:
    return where[0].engine, where[1]


def _delivery(key: str) -> DeliveryRow:
    return DeliveryRow(
        key=key, lane="a", channel="sim", kind="Heard", payload={}, next_at=START, created_at=START
    )


def _rewritten(
    archive: Path, target: Path, name: str, change: Any, renamed: dict[str, str] | None = None
) -> Path:
    """The archive with one member changed, and others called differently."""
    with tarfile.open(archive) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            opened = old.extractfile(member)
            raw = opened.read() if opened else b""
            raw = change(raw) if member.name == name else raw
            about = tarfile.TarInfo((renamed or {}).get(member.name, member.name))
            about.size = len(raw)
            new.addfile(about, io.BytesIO(raw))
    return target


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[Store]:
    store = Store(postgres_url)
    with store.engine.begin() as connection:
        schema.drop_all(connection)
    schema.migrate(store.engine)
    yield store
    with store.engine.begin() as connection:
        schema.drop_all(connection)
    SQLModel.metadata.create_all(store.engine)
    store.close()
