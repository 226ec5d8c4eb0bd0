"""The database was migrated by a later release already: this one goes on working, or says in a sentence why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import schema
from bot.cli.running import _application
from bot.roles import ServerRole
from bot.store import Store
from eval.bench.later_schema import following, put_ahead
from eval.bench.processes import free_port
from tests.cli.conftest import Yiju
from tests.cli.test_turns_and_records import ASKED
from tests.fakes.product import settings_for

LATER, FOREIGN = following(), following(f"_from_{following()}")


def put(data_dir: Path, revision: str) -> None:
    store = Store(f"sqlite:///{data_dir / 'yiju.db'}")
    with store.begin() as session:
        put_ahead(session.connection(), revision)
    store.close()


@pytest.fixture
def ahead(prepared: Path) -> Path:
    put(prepared, LATER)
    return prepared


@pytest.fixture
def foreign(yiju: Yiju, data_dir: Path) -> Path:
    assert yiju("migrate").code == 0
    put(data_dir, FOREIGN)
    return data_dir


def test_a_turn_is_worked_and_its_decision_kept(yiju: Yiju, ahead: Path) -> None:
    (decision,) = yiju("ask", ASKED, "--json").lines
    assert decision["state"] == "proposed"
    (line,) = yiju("journal", "export").lines
    assert line["subject"] == decision["id"]


def test_migrating_has_nothing_to_do_and_says_so(yiju: Yiju, ahead: Path) -> None:
    found = yiju("migrate")
    assert (found.code, found.err.strip()) == (
        0,
        f"schema is at {LATER}, ahead of this version's {schema.head()}: nothing to do",
    )


def test_the_doctor_is_content_and_names_both(yiju: Yiju, ahead: Path) -> None:
    found = yiju("doctor", "--json")
    words = {one["check"]: one["words"] for one in found.lines}["database"]
    assert found.code == 0, found.out
    assert LATER in words
    assert schema.head() in words


def test_a_server_starts_and_logs_it_once(yiju: Yiju, ahead: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = _application(settings_for(ahead), frozenset({ServerRole.SCHEDULER}))
    app.state.parts.store.close()
    lines = [line for line in capfd.readouterr().err.splitlines() if "schema_ahead" in line]
    assert len(lines) == 1
    assert LATER in lines[0]


def test_a_backup_says_which_version_reads_it_and_this_one_refuses_it(
    yiju: Yiju, ahead: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "b.tar.gz"
    made = yiju("backup", str(archive))
    assert made.code == 0
    assert f"it is of schema {LATER}, later than this version's" in made.err
    refused = yiju("restore", str(archive), "--force")
    assert (refused.code, "use the version that made it" in refused.err) == (1, True)
    assert len(yiju("ask", ASKED, "--json").lines) == 1


def test_an_older_backup_takes_the_place_of_a_later_store_only_where_one_insists(
    yiju: Yiju, data_dir: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "b.tar.gz"
    yiju("users", "add", "张三", "--role", "rep", "--wecom", "zhangsan")
    assert yiju("backup", str(archive)).code == 0
    put(data_dir, LATER)
    refused = yiju("restore", str(archive))
    assert (refused.code, "of a later version than this one" in refused.err) == (1, True)
    assert yiju("restore", str(archive), "--force").code == 0
    assert yiju("migrate").err.strip() == f"schema is at {schema.head()}"
    assert [one["name"] for one in yiju("users", "list", "--json").lines] == ["张三"]


@pytest.mark.service
def test_moving_on_is_left_to_the_version_that_knows_the_schema(
    yiju: Yiju, ahead: Path, postgres_url: str
) -> None:
    found = yiju("migrate-to", postgres_url)
    assert (found.code, found.out) == (1, "")
    assert "use that version to move on" in found.err
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    "words", [("migrate",), ("doctor",), ("backup", "b.tar.gz"), ("ask", ASKED), ("users", "list")]
)
def test_a_schema_that_needs_a_later_program_is_told_in_a_sentence(
    yiju: Yiju, foreign: Path, words: tuple[str, ...]
) -> None:
    found = yiju(*words)
    assert (found.code, found.out) == (1, "")
    assert found.err.strip().startswith(f"schema is at {FOREIGN}, and this version")
    assert len(found.err.splitlines()) == 1


def test_a_server_on_it_ends_with_the_sentence(yiju: Yiju, foreign: Path) -> None:
    found = yiju("serve", "--port", str(free_port()))
    assert found.code == 1
    assert "use the version that migrated it" in found.err
    assert "Traceback" not in found.err
