"""A file sent to the bot becomes a document where its sender may bring one; everybody hears what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import SQLModel, create_engine

from bot.app import assemble
from bot.channels import Channel
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk.downloads import PATH
from bot.channels.wecom import WeCom
from bot.ingesting import LARGEST, safe_name
from bot.settings import DingTalkSettings
from bot.tables import DeliveryRow, JournalRow
from knowledge import DocumentKind, Library
from tests.fakes import wecom_platform
from tests.fakes.clock import Clock
from tests.fakes.dingtalk_chat import SETTINGS, DingTalkChat
from tests.fakes.product import UNHURRIED, DemoCompany, Product, settings_for
from tests.fakes.wecom_platform import WeComPlatform

MANUAL = "# X900离心机用户手册\n\n## 技术参数\n\nX900 最高转速 21000 r/min。\n"
CONTRACT = "第一条 标的\n采购离心机两台。\n\n第七条 质量保证\n质保期为 36 个月。\n"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    """An empty library of its own: these stories write."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shelf.db'}")
    SQLModel.metadata.create_all(engine)
    yield Library(engine, tmp_path / "shelf")
    engine.dispose()


@pytest.fixture
async def office(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform, chat: DingTalkChat, shelf: Library
) -> AsyncIterator[Product]:
    """Both platforms, DingTalk by HTTP."""
    mode = DingTalkSettings.model_validate(SETTINGS | {"mode": "http"})
    async with httpx.AsyncClient(transport=chat.platform.transport) as http:
        channels: dict[str, Channel] = {
            "wecom": WeCom(wecom_platform.settings(), wecom.http(), clock, UNHURRIED),
            "dingtalk": DingTalk(mode, http, clock, per_second=10_000),
        }
        running = Product(assemble(settings_for(data_dir), clock, channels, library=shelf), clock, wecom)
        yield running
        await running.close()


async def sends(office: Product, chat: DingTalkChat, user: str, name: str, content: bytes) -> str:
    """Somebody sends a file in DingTalk; the last thing they hear."""
    code = f"code-{len(chat.platform.files)}"
    chat.platform.files[code] = content
    payload = chat.message(user, "", msgtype="file", content={"downloadCode": code, "fileName": name})
    response = await office.deliver(chat.robot_callback(payload), "/dingtalk/robot")
    assert (response.status_code, response.json()) == (200, {"msgtype": "empty"})
    await office.settle()
    return str(chat.platform.session_said[-1]["text"])


async def test_a_managers_file_becomes_a_document_that_answers(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    heard = await sends(office, chat, "chenjing", "X900用户手册.md", MANUAL.encode())
    assert "《X900用户手册》V1" in heard
    assert "共 1 段" in heard
    assert "所有客户" in heard
    (document,) = shelf.list()
    assert (document.kind, document.customer, document.owner) == (DocumentKind.MANUAL, None, "chenjing")
    assert shelf.search("X900 最高转速多少").answerable
    (line,) = (row for row in office.rows(JournalRow) if row.what == "DocumentAdded")
    assert (line.who, line.subject) == ("chenjing", document.id)


async def test_a_contract_is_filed_under_the_customer_that_its_name_says(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    heard = await sends(office, chat, "admin", "华东仁和-采购合同.txt", CONTRACT.encode())
    assert "只用于「华东仁和医疗科技有限公司」的问题" in heard
    (document,) = shelf.list()
    directory = await office.parts.crm.directory()
    known = {account.id: account.name for account in directory}
    assert known[document.customer or ""] == "华东仁和医疗科技有限公司"  # type: ignore[index]
    assert not shelf.search("质保期多久").evidence


async def test_a_contract_that_names_no_customer_is_refused_with_what_to_do(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    heard = await sends(office, chat, "admin", "采购合同.txt", CONTRACT.encode())
    assert "没有收录「采购合同.txt」" in heard
    assert "文件名" in heard
    assert shelf.list() == ()


@pytest.mark.parametrize(("user", "name"), [("zhangsan", "陈静"), ("lisi", "陈静")])
async def test_a_rep_is_told_whom_to_ask_and_nothing_is_fetched(
    office: Product, chat: DingTalkChat, shelf: Library, user: str, name: str
) -> None:
    heard = await sends(office, chat, user, "X900用户手册.md", MANUAL.encode())
    assert name in heard
    assert chat.platform.count(PATH) == 0
    assert shelf.list() == ()


async def test_a_stranger_is_told_whom_to_ask_and_nothing_is_fetched(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    assert "不认识您" in await sends(office, chat, "nobody", "X900用户手册.md", MANUAL.encode())
    assert (chat.platform.count(PATH), shelf.list()) == (0, ())


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("空.pdf", b"", "空"),
        ("坏.pdf", b"%PDF-1.7 nothing else", "损坏"),
        ("照片.exe", b"MZ", "不支持"),
        ("旧.doc", b"\xd0\xcf", "docx"),
        ("大.txt", b"x" * (LARGEST + 1), "20 MB"),
    ],
)
async def test_what_cannot_be_taken_in_is_refused_with_the_reason(
    office: Product, chat: DingTalkChat, shelf: Library, name: str, content: bytes, reason: str
) -> None:
    heard = await sends(office, chat, "sunli", name, content)
    assert "没有收录" in heard
    assert reason in heard
    assert shelf.list() == ()


async def test_a_file_that_comes_twice_is_one_document_and_one_answer(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    chat.platform.files["c"] = MANUAL.encode()
    content = {"downloadCode": "c", "fileName": "X900用户手册.md"}
    payload = chat.message("sunli", "", msgtype="file", content=content)
    for _ in range(3):
        await office.deliver(chat.robot_callback(payload), "/dingtalk/robot")
        await office.settle()
    assert (len(shelf.list()), len(chat.platform.session_said)) == (1, 1)
    assert office.count(DeliveryRow) == 1


async def test_other_bytes_under_the_same_name_are_a_new_version(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    await sends(office, chat, "sunli", "X900用户手册.md", MANUAL.encode())
    heard = await sends(office, chat, "sunli", "X900用户手册.md", MANUAL.replace("21000", "22000").encode())
    assert "V2" in heard
    assert "旧版 V1" in heard
    (document,) = shelf.list()
    assert document.versions == 2


async def test_while_the_platform_is_busy_the_file_waits_and_comes_in_later(
    office: Product, chat: DingTalkChat, shelf: Library
) -> None:
    chat.platform.files["c"] = MANUAL.encode()
    chat.platform.fail(PATH, "system.busy", 500)
    content = {"downloadCode": "c", "fileName": "X900用户手册.md"}
    await office.deliver(
        chat.robot_callback(chat.message("sunli", "", msgtype="file", content=content)), "/dingtalk/robot"
    )
    await office.settle()
    assert shelf.list() == ()
    office.pass_by(minutes=5)
    await office.settle()
    assert len(shelf.list()) == 1


async def test_a_file_in_wecom_is_taken_in_under_the_name_that_comes_with_it(
    office: Product, shelf: Library
) -> None:
    await office.deliver(office.wecom.send_file("admin", "X900用户手册.md", MANUAL.encode()))
    await office.settle()
    assert "《X900用户手册》V1" in office.words("admin")[-1]
    assert [one.file_name for one in shelf.list()] == ["X900用户手册.md"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\dir\\价格表.xlsx", "价格表.xlsx"),
        (".hidden.md", "hidden.md"),
        ("a\x00\u202eb\n.pdf", "ab.pdf"),
        ("长" * 500 + ".pdf", "长" * 120 + ".pdf"),
        ('a<b>:"|?*.md', "a_b______.md"),
        ("..", ""),
    ],
)
def test_a_name_is_one_file_in_one_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe
