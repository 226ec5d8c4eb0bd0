"""The same troubled files by the terminal, the watched folder and the chat (the console: tests/browser): each says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.knowledge import knowledge_app
from bot.inbox import Inbox
from knowledge import MANAGERS, Added, AddOutcome, Library
from tests.fakes.clock import Clock
from tests.fakes.dingtalk_chat import DingTalkChat
from tests.fakes.product import Product
from tests.fakes.troubled_files import PAGES, troubled_files
from tests.scenarios.test_files_in_chat import MANUAL, office, sends, shelf

__all__ = ["office", "shelf"]


def test_by_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made").mkdir()
    (tmp_path / "files").mkdir()
    files = troubled_files(tmp_path / "made")
    for one in files:
        (tmp_path / "files" / one.name).write_bytes(one.content)
    result = CliRunner().invoke(knowledge_app, ["add", str(tmp_path / "files")])
    assert result.exit_code == 1
    for one in files:
        (line,) = (
            line
            for line in (result.stdout if one.is_taken else result.stderr).splitlines()
            if (one.name.removesuffix(".pdf") if one.is_taken else one.name) in line
        )
        assert one.told in line
    assert f"{len(files) - 1} of {len(files)} files were not taken in" in result.stderr


async def test_by_the_watched_folder(office: Product, shelf: Library, clock: Clock, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    files = troubled_files(tmp_path)
    for one in files:
        (folder / one.name).write_bytes(one.content)
    told = list[Added]()

    async def noted(added: Added) -> None:
        told.append(added)

    await Inbox(folder, shelf, office.parts.crm, clock, noted).look(settled=True)
    by_name = {one.file: one for one in told}
    for one in files:
        assert one.told in by_name[one.name].reason
        if one.is_taken:
            assert (folder / "done" / one.name).exists()
        else:
            assert one.told in (folder / "refused" / f"{one.name}.txt").read_text(encoding="utf-8")


async def test_by_the_chat(office: Product, chat: DingTalkChat, shelf: Library, tmp_path: Path) -> None:
    for one in troubled_files(tmp_path):
        heard = await sends(office, chat, "admin", one.name, one.content)
        assert one.told in heard
        assert ("没有收录" in heard) is not one.is_taken
    (document,) = shelf.list()
    whole = shelf.passages_of(document.id)
    assert whole[0].citation.page == 1
    assert f"第{PAGES}号机器" in whole[-1].text
    (found,) = (one for one in whole if "第237号机器每277天" in one.text)
    assert 230 < (found.citation.page or 0) <= 237, "where a passage of a few pages begins"


async def test_a_mark_in_a_files_name_says_who_may_read_it(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    heard = await sends(
        office, chat, "chenjing", "价格底线【仅主管】.md", b"# \xe5\xba\x95\xe7\xba\xbf\nX900 15000"
    )
    assert "《价格底线》" in heard
    assert "可见范围:仅主管" in heard
    heard = await sends(office, chat, "chenjing", "打法(本团队).md", MANUAL.encode())
    assert "可见范围:陈静团队" in heard
    assert {one.title: one.visibility for one in shelf.list()} == {
        "价格底线": MANAGERS,
        "打法": "team:chenjing",
    }
    assert shelf.search("X900 最高转速多少").evidence == ()


async def test_a_team_that_nobody_can_mean_is_refused(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    heard = await sends(office, chat, "sunli", "打法【本团队】.md", MANUAL.encode())
    assert "没有收录" in heard
    assert "没有主管" in heard
    assert shelf.list() == ()


async def test_a_rep_is_answered_from_what_their_team_may_read_and_no_further(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    async def asks(user: str) -> str:
        before = len(chat.platform.session_said)
        payload = chat.message(user, "X900 最高转速多少")
        await office.deliver(chat.robot_callback(payload), "/dingtalk/robot")
        await office.settle()
        return "".join(str(one["text"]) for one in chat.platform.session_said[before:])

    await sends(office, chat, "chenjing", "X900用户手册【本团队】.md", MANUAL.encode())
    assert "21000" in await asks("zhangsan")
    await sends(office, chat, "chenjing", "X900用户手册【仅主管】.md", MANUAL.encode())
    assert [one.visibility for one in shelf.list()] == [MANAGERS]
    assert "21000" not in await asks("lisi")
    assert "21000" in await asks("chenjing")


async def test_the_watched_folder_has_a_default_and_names_go_first(
    office: Product, shelf: Library, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    for name in ("甲手册.md", "乙手册【所有人】.md", "丙手册【本团队】.md"):
        (folder / name).write_text(f"# {name}\n{MANUAL}", encoding="utf-8")

    async def noted(added: Added) -> None:
        pass

    inbox = Inbox(folder, shelf, office.parts.crm, clock, noted, MANAGERS)
    outcomes = {one.file: one.outcome for one in await inbox.look(settled=True)}
    assert outcomes["丙手册【本团队】.md"] is AddOutcome.REFUSED
    assert {one.title: one.visibility for one in shelf.list()} == {"甲手册": MANAGERS, "乙手册": "everyone"}
