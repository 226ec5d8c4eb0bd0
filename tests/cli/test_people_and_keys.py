"""`yiju users` and `yiju keys`: who is who, and what opens the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.cli.conftest import Yiju

HEADER = "name,role,wecom,dingtalk,manager\n"


def listed(yiju: Yiju) -> dict[str, dict[str, str]]:
    return {one["id"]: one for one in yiju("users", "list", "--json").lines}


def test_a_first_verb_prepares_what_it_needs_and_says_so_on_the_other_stream(
    yiju: Yiju, data_dir: Path
) -> None:
    found = yiju("users", "list", "--json")
    assert (found.code, found.out) == (0, "")
    assert "database prepared" in found.err
    assert (data_dir / "yiju.db").exists()


def test_people_are_added_with_their_role_and_manager(yiju: Yiju) -> None:
    assert yiju("users", "add", "陈静", "--role", "manager", "--wecom", "chenjing").code == 0
    assert (
        yiju("users", "add", "张三", "--role", "rep", "--wecom", "zhangsan", "--manager", "陈静").out
        == "zhangsan 张三 rep\n"
    )
    assert (
        listed(yiju)["zhangsan"] | {"name": "张三", "role": "rep", "manager": "chenjing"}
        == listed(yiju)["zhangsan"]
    )


def test_adding_somebody_again_changes_them(yiju: Yiju) -> None:
    yiju("users", "add", "张三", "--role", "rep", "--wecom", "zhangsan")
    changed = yiju("users", "add", "张三丰", "--role", "trainer", "--wecom", "ZhangSan", "--dingtalk", "d1")
    assert "changed name: 张三 -> 张三丰" in changed.err
    assert "changed dingtalk: none -> d1" in changed.err
    (only,) = listed(yiju).values()
    assert (only["name"], only["role"], only["dingtalk"]) == ("张三丰", "trainer", "d1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("张三", "--role", "boss"), "boss"),
        (("张三", "--role", "rep", "--manager", "谁"), "add the manager first"),
        (("", "--role", "rep"), "needs a name"),
    ],
)
def test_a_person_who_does_not_fit_is_refused_with_what_to_do(
    yiju: Yiju, words: tuple[str, ...], told: str
) -> None:
    found = yiju("users", "add", *words)
    assert found.code != 0
    assert found.out == ""
    assert told in found.err
    assert listed(yiju) == {}


def test_a_file_brings_everybody_managers_first(yiju: Yiju, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"\ufeff{HEADER}张三,rep,zhangsan,,陈静\n陈静,manager,chenjing,,\n", encoding="utf-8")
    found = yiju("users", "import", str(path))
    assert (found.code, "2 people" in found.err) == (0, True)
    assert listed(yiju)["zhangsan"]["manager"] == "chenjing"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("李四,boss,lisi,,", "role 'boss'"),
        ("李四,rep,lisi,,谁", "manager '谁' fits 0 people"),
        (",rep,lisi,,", "a person needs a name"),
        ("李四,rep,zhangsan,,", "wecom id zhangsan stands in line 2 already"),
        ("王五,rep,wangwu,Zhangsan-D,", "dingtalk id Zhangsan-D stands in line 2 already"),
    ],
)
def test_a_wrong_line_is_named_and_changes_nothing_at_all(
    yiju: Yiju, tmp_path: Path, row: str, told: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"{HEADER}张三,rep,zhangsan,zhangsan-d,\n{row}\n", encoding="utf-8")
    found = yiju("users", "import", str(path))
    assert found.code == 1
    assert f"{path}:3: {told}" in found.err
    assert listed(yiju) == {}


@pytest.mark.parametrize("content", [b"name,role\nx,rep\n", b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_such_table_is_refused_by_name(yiju: Yiju, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    found = yiju("users", "import", str(path))
    assert found.code == 1
    assert str(path) in found.err


def test_a_file_that_is_not_there_is_refused_by_name(yiju: Yiju) -> None:
    found = yiju("users", "import", "nowhere.csv")
    assert (found.code, "nowhere.csv" in found.err) == (1, True)


def test_a_key_is_shown_once_and_only_its_digest_is_kept(yiju: Yiju, data_dir: Path) -> None:
    found = yiju("keys", "add", "call centre", "--scope", "utterances", "--scope", "read")
    key = found.out.strip()
    assert key.startswith("yk_")
    assert "utterances, read" in found.err
    assert key not in yiju("keys", "list").out
    assert key.encode() not in (data_dir / "yiju.db").read_bytes()


def test_a_scope_that_there_is_not_is_refused(yiju: Yiju) -> None:
    found = yiju("keys", "add", "x", "--scope", "everything")
    assert (found.code, found.out) == (1, "")
    assert "expected utterances" in found.err


def test_a_revoked_key_is_marked_and_an_unknown_one_named(yiju: Yiju, data_dir: Path) -> None:
    told = yiju("keys", "add", "x").err
    key_id = told.split()[told.split().index("key") + 1]
    assert yiju("keys", "revoke", key_id).code == 0
    engine = create_engine(f"sqlite:///{data_dir / 'yiju.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT revoked_at FROM bot_api_key")).scalar_one() is not None
    engine.dispose()
    unknown = yiju("keys", "revoke", "none")
    assert (unknown.code, "yiju keys list" in unknown.err) == (1, True)


def test_a_password_is_read_from_the_input_and_never_shown(yiju: Yiju, data_dir: Path) -> None:
    yiju("users", "add", "张三", "--role", "rep", "--wecom", "zhangsan")
    short = yiju("users", "password", "张三", "--stdin", stdin="short\n")
    assert (short.code != 0, "10 到 200 个字符" in short.err) == (True, True)
    done = yiju("users", "password", "zhangsan", "--stdin", stdin="correct-horse-7\n")
    assert (done.code, done.out, "correct-horse-7" in done.err) == (0, "", False)
    with create_engine(f"sqlite:///{data_dir / 'yiju.db'}").connect() as store:
        assert store.execute(text("SELECT hash FROM bot_password")).scalar_one().startswith("$argon2id$")
    nobody = yiju("users", "password", "李四", "--stdin", stdin="correct-horse-7\n")
    assert (nobody.code != 0, "fits 0 people" in nobody.err) == (True, True)
