"""The watched folder: what stopped changing is taken once, filed by its folder, and moves on with the reason beside it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.inbox import Inbox
from bot.jobs import Jobs
from crm_bridge import AccountId, AccountName, CrmUnavailable
from knowledge import KEEPER, Added, AddOutcome, DocumentKind, Reader
from tests.fakes.clock import Clock

RENHE = AccountName(AccountId("A-1"), "华东仁和医疗科技有限公司", "zhangsan", ("华东仁和",))
JINGMO = AccountName(AccountId("A-2"), "苏州精模科技有限公司", "lisi", ("苏州精模",))


class Shelf:
    """Takes everything but `.exe`, and remembers how it was filed."""

    def __init__(self) -> None:
        self.filed: list[tuple[str, str | None, str | None]] = []

    def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        kind: DocumentKind | str | None = None,
        customer: str | None = None,
        owner: str | None = None,
        visibility: str | None = None,
        reader: Reader = KEEPER,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> Added:
        if not path.exists():
            return Added(AddOutcome.REFUSED, path.name, "找不到文件", "no such file")
        if path.suffix == ".exe":
            return Added(AddOutcome.REFUSED, path.name, "不支持 .exe 文件", "unknown format")
        self.filed.append((path.name, str(kind) if kind else None, customer))
        if "扫描" in path.name:
            return Added(AddOutcome.ADDED, path.name, "已收录", "added", "d1", left_out=("2 页没有文字",))
        return Added(AddOutcome.ADDED, path.name, "已收录", "added", "d1", path.stem, "V1")


class Directory:
    def __init__(self) -> None:
        self.asleep = False

    async def directory(self) -> tuple[AccountName, ...]:
        if self.asleep:
            raise CrmUnavailable("asleep")
        return (RENHE, JINGMO)


class Watched:
    """A folder, what watches it, and what it told."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.shelf, self.crm = folder, Shelf(), Directory()
        self.told: list[Added] = []
        self.inbox = Inbox(folder, self.shelf, self.crm, clock, self._noted)  # type: ignore[arg-type]

    async def _noted(self, added: Added) -> None:
        self.told.append(added)

    def put(self, name: str, text: str = "words") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def left(self) -> list[str]:
        return sorted(
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
        )


@pytest.fixture
def watched(tmp_path: Path, clock: Clock) -> Watched:
    return Watched(tmp_path / "inbox", clock)


async def test_a_file_is_taken_when_two_looks_found_it_the_same(watched: Watched) -> None:
    path = watched.put("手册.md")
    assert await watched.inbox.look() == []
    path.write_text("more words", encoding="utf-8")  # still being copied
    assert await watched.inbox.look() == []
    assert [one.file for one in await watched.inbox.look()] == ["手册.md"]
    assert watched.left() == ["done/手册.md"]
    assert await watched.inbox.look() == []
    assert [one.outcome for one in watched.told] == [AddOutcome.ADDED]


@pytest.mark.parametrize(
    ("name", "kind", "customer"),
    [
        ("手册.md", None, None),
        ("price/2027.csv", "price", None),
        ("Other/内部速查.md", "other", None),
        ("华东仁和/采购合同.docx", None, "A-1"),
        ("苏州精模科技有限公司/2026/附件.md", None, "A-2"),
        ("A-2/采购合同.md", None, "A-2"),
    ],
)
async def test_a_folder_says_whose_paper_it_is_or_which_kind(
    watched: Watched, name: str, kind: str | None, customer: str | None
) -> None:
    watched.put(name)
    await watched.inbox.look(settled=True)
    assert watched.shelf.filed == [(Path(name).name, kind, customer)]
    assert watched.left() == [f"done/{name}"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("病毒.exe", "不支持 .exe"),
        ("华东仁禾/合同.md", "没有叫「华东仁禾」的客户"),
        ("contract/合同.md", "没有叫「contract」的客户"),
        ("华东仁和和苏州精模/合同.md", "不止一家"),
    ],
)
async def test_what_is_refused_moves_on_with_the_reason_beside_it(
    watched: Watched, name: str, reason: str
) -> None:
    watched.put(name)
    await watched.inbox.look(settled=True)
    assert watched.left() == [f"refused/{name}", f"refused/{name}.txt"]
    assert reason in (watched.folder / f"refused/{name}.txt").read_text(encoding="utf-8")
    assert watched.shelf.filed == []


@pytest.mark.parametrize("name", [".DS_Store", "~$手册.docx", "手册.pdf.crdownload", ".git/config.md"])
async def test_what_is_hidden_or_half_written_stays(watched: Watched, name: str) -> None:
    watched.put(name)
    assert await watched.inbox.look(settled=True) == []
    assert watched.left() == [name]


async def test_what_was_not_read_of_a_file_stands_beside_it(watched: Watched) -> None:
    watched.put("手册扫描.pdf")
    watched.put("手册.md")
    await watched.inbox.look(settled=True)
    beside = watched.folder / "done" / "手册扫描.pdf.txt"
    assert beside.read_text(encoding="utf-8") == "没有收进来的:2 页没有文字\n"
    assert not (watched.folder / "done" / "手册.md.txt").exists()


async def test_a_link_to_elsewhere_is_not_followed(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text("secret", encoding="utf-8")
    watched.folder.mkdir()
    os.symlink(tmp_path / "secret" / "a.md", watched.folder / "a.md")
    os.symlink(tmp_path / "secret", watched.folder / "folder")
    assert await watched.inbox.look(settled=True) == []
    assert watched.shelf.filed == []


async def test_a_second_file_of_the_same_name_keeps_the_first(watched: Watched) -> None:
    for text in ("one", "two", "three"):
        watched.put("手册.md", text)
        await watched.inbox.look(settled=True)
    assert len(watched.left()) == 3
    assert {path.read_text(encoding="utf-8") for path in (watched.folder / "done").iterdir()} == {
        "one",
        "two",
        "three",
    }


async def test_what_another_process_took_first_is_left_alone(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = watched.put("手册.md")
    add = watched.shelf.add

    def beaten(*given: Any, **named: Any) -> Added:
        added = add(*given, **named)
        path.unlink()
        return added

    monkeypatch.setattr(watched.shelf, "add", beaten)
    assert await watched.inbox.look(settled=True) == []
    assert watched.told == []


async def test_while_the_crm_sleeps_files_wait(watched: Watched, clock: Clock) -> None:
    watched.put("华东仁和/采购合同.md")
    watched.crm.asleep = True
    jobs = Jobs(None, None, (), {}, None, clock, inbox=watched.inbox)  # type: ignore[arg-type]
    await jobs.take_in()
    await jobs.take_in()
    assert watched.left() == ["华东仁和/采购合同.md"]
    watched.crm.asleep = False
    await jobs.take_in()
    assert watched.left() == ["done/华东仁和/采购合同.md"]
