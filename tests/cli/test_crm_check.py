"""`yiju crm check` against systems that listen on this machine: what fits, and what is missing by name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn

from tests.cli.conftest import Yiju
from tests.fakes.systems.fxiaoke import FakeFxiaoke
from tests.fakes.systems.kingdee import FakeKingdee
from tests.fakes.systems.xiaoshouyi import FakeXiaoshouyi


def now() -> datetime:
    return datetime.now(UTC)


def kingdee() -> tuple[FakeKingdee, dict[str, str], tuple[str, str]]:
    fake = FakeKingdee(now)
    fake.add("BD_Customer", FNumber="CUST0001", FName="华东仁和", FSELLER="YG0001")
    settings = {"DATABASE": "5f00aa", "USER": "demo", "CLIENT_ID": "123456_YWJj", "CLIENT_SECRET": "app-secret", "TENANT": "100"}  # fmt: skip
    return fake, settings, ("BD_Customer", "F_YJ_Industry")


def fxiaoke() -> tuple[FakeFxiaoke, dict[str, str], tuple[str, str]]:
    fake = FakeFxiaoke(now)
    fake.add("AccountObj", name="华东仁和", owner=["1000"])
    settings = {"CLIENT_ID": "FSAID_1", "CLIENT_SECRET": "s3cret", "TOKEN": "code-1", "USER": "1000"}
    return fake, settings, ("AccountObj", "region__c")


def xiaoshouyi() -> tuple[FakeXiaoshouyi, dict[str, str], tuple[str, str]]:
    fake = FakeXiaoshouyi(now)
    fake.add("account", accountName="华东仁和", ownerId=3461000000000001)
    settings = {"CLIENT_ID": "app", "CLIENT_SECRET": "s3cret", "USER": "bot@acme.cn", "PASSWORD": "pass", "TOKEN": "12345678"}  # fmt: skip
    return fake, settings, ("account", "region__c")


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Its address, as long as it listens."""
    server = uvicorn.Server(
        uvicorn.Config(app, "127.0.0.1", 0, log_level="warning", lifespan="off", ws="none")
    )
    there = threading.Event()
    real = server.startup

    async def startup(*given: Any, **named: Any) -> None:
        await real(*given, **named)
        there.set()

    server.startup = startup  # type: ignore[method-assign]
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        assert there.wait(20)
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        serving.join(20)


@pytest.mark.parametrize("system", [kingdee, fxiaoke, xiaoshouyi])
def test_a_system_is_checked_field_by_field_over_the_wire(
    yiju: Yiju, monkeypatch: pytest.MonkeyPatch, system: Any
) -> None:
    fake, settings, (name, field) = system()
    with listening(fake.app) as address:
        if isinstance(fake, FakeXiaoshouyi):
            fake.instance = address
        for key, value in {"ADAPTER": system.__name__, "BASE_URL": f"http://{address}", **settings}.items():
            monkeypatch.setenv(f"YIJU_CRM__{key}", value)
        fits = yiju("crm", "check", "--json")
        assert (fits.code, fits.lines) == (0, [{"system": system.__name__, "customers": 1, "lacks": []}])
        fake.schema[name].pop(field)
        lacking = yiju("crm", "check", "--json")
        assert lacking.code == 1
        assert [(one["object"], one["field"]) for one in lacking.lines[0]["lacks"]] == [(name, field)]
