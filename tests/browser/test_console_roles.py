"""Every page of the console × everybody × somebody else's id, on the real server: who may not, gets nothing of it.

Pages come from the application: a new one is asked for by itself, and a new kind of id in a path must be named here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bot.console.access import may_open
from bot.people import Role
from tests.browser.environment import clean
from tests.browser.pages import pages
from tests.browser.test_console import said

WORDS = "只给张三看的话:X200什么价"
OTHER_MANAGER = "另一队主管"
EVERYBODY = (
    ("zhangsan", Role.REP),
    ("lisi", Role.REP),
    ("chenjing", Role.MANAGER),
    (OTHER_MANAGER, Role.MANAGER),
    ("sunli", Role.TRAINER),
    ("admin", Role.ADMIN),
)
FOR_TRAINERS = {"/graph", "/labels"}
"""Questions without an answer, and words to label, are shown to trainers whoever said them; numbers in them are masked."""
SEE_IT = {"zhangsan", "chenjing", "admin"}
"""The rep, their manager, and who runs it all."""
Record = Callable[[str, object], None]


def console_pages(data: Path, decision: str) -> list[str]:
    """Below `/console`, with ids of what is another's. KeyError: a new kind of id; name one here."""
    ids = {"decision": decision, "document": "v-none", "channel": "wecom"}
    ours = [path.removeprefix("/console") or "/" for path in pages(data) if path.startswith("/console")]
    return [path.format_map(ids) for path in ours if not path.startswith("/sign-in")]


@contextmanager
def signed_in(server: str, user: str, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=30) as web:
        mark = re.search('name="mark" value="([^"]+)"', web.get("/console/sign-in").text)
        assert mark
        form = {"mark": mark[1], "user": user, "password": password}
        assert web.post("/console/sign-in", data=form).status_code == 303
        yield web


@pytest.fixture(scope="module")
def decision(server: str, data: Path) -> str:
    """Somebody's decision, and a manager of another team with everybody's password."""
    password = (data / "demo_password").read_text(encoding="utf-8")
    known = subprocess.run(
        [sys.executable, "-m", "bot", "users", "list"],
        env=clean(data),
        capture_output=True,
        text=True,
        check=True,
    )
    if OTHER_MANAGER not in known.stdout:
        for words in (("add", OTHER_MANAGER, "--role", "manager"), ("password", OTHER_MANAGER, "--stdin")):
            command = [sys.executable, "-m", "bot", "users", *words]
            subprocess.run(command, env=clean(data), input=f"{password}\n", text=True, check=True)
    return said(data, WORDS)


def test_every_page_opens_for_those_who_may_and_for_nobody_else(
    server: str, data: Path, password: str, decision: str, record_property: Record
) -> None:
    asked, wrong, counted = console_pages(data, decision), [], 0
    assert len(asked) >= 17
    for user, role in EVERYBODY:
        with signed_in(server, user, password) as web:
            for path in asked:
                answer = web.get(f"/console{path}")
                counted += 1
                wanted = 200 if may_open(role, path) else 403
                if path == "/" and wanted == 403:
                    wanted = 303  # led to one's own first page
                if answer.status_code != wanted:
                    wrong.append((user, path, answer.status_code, wanted))
                if WORDS in answer.text and user not in SEE_IT and path not in FOR_TRAINERS:
                    wrong.append((user, path, "shows somebody else's words", answer.status_code))
    assert wrong == []
    record_property("console pages × people", counted)


def test_nobody_without_a_session_gets_anything(
    server: str, data: Path, decision: str, record_property: Record
) -> None:
    counted = 0
    for cookies in ({}, {"yiju_console": "made-up"}, {"yiju_console": ""}):
        with httpx.Client(base_url=server, timeout=30, cookies=cookies) as web:
            for path in console_pages(data, decision):
                answer = web.get(f"/console{path}")
                assert (answer.status_code, answer.headers["location"][:16]) == (303, "/console/sign-in"), (
                    path
                )
                assert WORDS not in answer.text
                counted += 1
    record_property("console pages × people", counted)


@pytest.mark.parametrize("user", [user for user, _ in EVERYBODY])
def test_a_decision_shows_itself_to_its_rep_their_manager_and_the_admin_only(
    server: str, password: str, decision: str, user: str, record_property: Record
) -> None:
    with signed_in(server, user, password) as web:
        answer = web.get(f"/console/decisions/{decision}")
    assert (WORDS in answer.text) == (user in SEE_IT)
    record_property("console pages × somebody else's id", 1)
