"""`yiju queues` and `yiju forget`, `backup` and `restore` as an operator types them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from tests.cli.conftest import Yiju

DEAD = (
    "INSERT INTO bot_delivery (key, lane, channel, kind, payload, state, attempts, error, next_at, created_at) "
    "VALUES ('k1', 'a', 'sim', 'Heard', '{}', 'dead', 5, 'ValueError: x', '2026-11-28', '2026-11-28')"
)


def add_dead_letter(yiju: Yiju, data_dir: Path) -> None:
    yiju("migrate")
    engine = create_engine(f"sqlite:///{data_dir / 'yiju.db'}")
    with engine.begin() as connection:
        connection.execute(text(DEAD))
    engine.dispose()


def test_a_dead_letter_is_shown_with_its_reason_and_put_back(yiju: Yiju, data_dir: Path) -> None:
    add_dead_letter(yiju, data_dir)
    (found,) = yiju("queues", "dead", "--json").lines
    assert (found["queue"], found["seq"], found["error"]) == ("delivery", 1, "ValueError: x")
    assert yiju("queues", "replay", "delivery", "1").code == 0
    assert yiju("queues", "dead", "--json").lines == []
    listed = {one["queue"]: one for one in yiju("queues", "list", "--json").lines}
    assert listed["delivery"]["waiting"] == 1


def test_what_cannot_be_put_back_says_why(yiju: Yiju, data_dir: Path) -> None:
    add_dead_letter(yiju, data_dir)
    assert "no dead letter 7" in yiju("queues", "replay", "delivery", "7").err
    assert "on its card" in yiju("queues", "replay", "action", "1").err
    assert "expected delivery or outbox" in yiju("queues", "replay", "post", "1").err


def test_forgetting_needs_to_be_told_what(yiju: Yiju) -> None:
    assert "say what to forget" in yiju("forget").err
    assert "0 turns, 0 decisions" in yiju("forget", "王建国", "--yes").out


def test_a_backup_is_written_where_one_says_and_comes_back(
    yiju: Yiju, data_dir: Path, tmp_path: Path
) -> None:
    yiju("users", "add", "张三", "--role", "rep", "--wecom", "zhangsan")
    archive = tmp_path / "b.tar.gz"
    assert "rows of" in yiju("backup", str(archive)).out
    yiju("users", "add", "李四", "--role", "rep", "--wecom", "lisi")
    assert "not empty" in yiju("restore", str(archive)).err
    assert yiju("restore", str(archive), "--force").code == 0
    assert [one["name"] for one in yiju("users", "list", "--json").lines] == ["张三"]


def test_moving_on_needs_a_postgresql_address(yiju: Yiju) -> None:
    assert "expected postgresql://" in yiju("migrate-to", "mysql://x").err


def test_a_role_that_there_is_not_is_named(yiju: Yiju) -> None:
    assert "role 'boss'" in yiju("serve", "--role", "boss").err
