"""One real Tryton for all tests of a process, seeded with two customers; each test works on a customer of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlmodel import Session

from bot.demo.tryton import PASSWORD, USER, fill
from bot.store import Store
from crm_bridge import AccountId
from crm_bridge.adapters import Access, Host, rest
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.adapters.tryton import TrytonRpc, connect
from crm_bridge.calling import Limit, Manner
from tests.fakes.clock import Clock
from tests.fakes.embedded_crm import JINGMO, RENHE
from tests.fakes.tryton_server import Proxy, is_prepared, running

REQUIRED = os.environ.get("YIJU_TEST_REQUIRE_SERVICES") == "1"
Notes = Callable[[], AbstractContextManager[Session]]
TODAY = date(2026, 11, 28)


@pytest.fixture(scope="session")
def tryton() -> Iterator[str]:
    """Its address. Prepared by `tests/tryton/server.sh .tryton 0 --prepare-only` (CI does); without it: skipped."""
    if not is_prepared() and not REQUIRED:
        pytest.skip("no Tryton; prepare it once with tests/tryton/server.sh .tryton 0 --prepare-only")
    with running() as address:
        entries = [RENHE, JINGMO | {"region": "华东"}]
        assert asyncio.run(fill(address, "crm", entries, datetime.now(UTC).date())) == 2
        yield address


@pytest.fixture
async def rpc(tryton: str) -> AsyncIterator[TrytonRpc]:
    """The way around the adapter: what people do in Tryton's own client."""
    opened = TrytonRpc(tryton, "crm", USER, PASSWORD, Manner(limits=(Limit(500, 1),)))
    yield opened
    await opened.close()


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Callable[[], AbstractContextManager[Session]]]:
    """Our own store, empty."""
    from sqlmodel import SQLModel

    store = Store(f"sqlite:///{tmp_path / 'yiju.db'}")
    SQLModel.metadata.create_all(store.engine)
    yield store.begin
    store.close()


@pytest.fixture
async def known(rpc: TrytonRpc) -> AccountId:
    """A customer that no other test touches."""
    return await customer(rpc, "苏州新客机械有限公司")


@pytest.fixture
async def key(rpc: TrytonRpc) -> str:
    """An API key as an admin makes one in Tryton's client."""
    (user,) = await rpc.model("res.user", "search", [["login", "=", "admin"]], 0, 1, None)
    (number,) = await rpc.model("res.user.application", "create", [{"user": user, "application": "rest"}])
    (row,) = await rpc.model("res.user.application", "read", [number], ["key"])
    return str(row["key"])


@pytest.fixture
async def crm(
    tryton: str, notes: Callable[[], AbstractContextManager[Session]], clock: Clock
) -> AsyncIterator[RemoteCrm]:
    opened = open_crm(tryton, notes, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def proxy(tryton: str) -> AsyncIterator[Proxy]:
    there = urlsplit(tryton)
    passing = Proxy(str(there.hostname), int(there.port or 80))
    server = await passing.serve()
    yield passing
    server.close()
    await server.wait_closed()


@pytest.fixture
async def cut_off(
    proxy: Proxy, notes: Callable[[], AbstractContextManager[Session]], clock: Clock
) -> AsyncIterator[RemoteCrm]:
    """The adapter behind the proxy."""
    opened = open_crm(proxy.address, notes, clock)
    yield opened
    await opened.close()


def open_crm(address: str, notes: Callable[[], AbstractContextManager[Session]], clock: Clock) -> RemoteCrm:
    access = Access(base_url=address, database="crm", user=USER, password=PASSWORD, timeout_s=20)
    return connect(access, Host(None, notes, clock))  # type: ignore[arg-type]


def open_rest(address: str, key: str, notes: Notes, clock: Clock, mapping: str = "tryton_rest") -> RemoteCrm:
    access = Access(base_url=f"{address}/crm", token=key, mapping=mapping, timeout_s=20)
    return rest.connect(access, Host(None, notes, clock))  # type: ignore[arg-type]


async def customer(rpc: TrytonRpc, name: str) -> AccountId:
    """As a colleague would add one: name, owner, tier, a phone number."""
    pairs = (("负责人", "zhangsan"), ("客户等级", "B"))
    found = [
        (
            await rpc.model(
                "party.category", "search", [["name", "=", of], ["parent.name", "=", parent]], 0, 1, None
            )
        )[0]
        for parent, of in pairs
    ]
    said = [{"type": "phone", "name": "赵晓", "comment": "采购经理", "value": "0512-1234-5678"}]
    values = {
        "name": name,
        "categories": [["add", found]],
        "contact_mechanisms": [["create", said]],
        "addresses": [["create", [{"street": "工业园区"}]]],
    }
    (number,) = await rpc.model("party.party", "create", [values])
    return AccountId(f"ACC-{number}")
