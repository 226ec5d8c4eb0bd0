"""The customer system of a drill: what it promises when it dies in a write, and the judge of what it then holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session, SQLModel, create_engine

from bot.tables import ActionRow
from crm_bridge.adapters.remote.tables import ReceiptRow
from eval.bench import processes
from eval.bench.faults.crm import Neighbour, holds_once
from eval.bench.faults.customer_books import LAG_S, Books, Harm, Moment

AT = datetime(2026, 11, 28, 8, tzinfo=UTC)
NOTE = {"account": "ACC-1", "key": "d1-1", "text": "月底前定"}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Neighbour]:
    there = Neighbour(tmp_path, processes.free_port())
    books = Books(there.file)
    books.settle({"ACC-1": {"name": "华东仁和", "tier": "B"}})
    books.close()
    there.start()
    yield there
    there.stop()


@pytest.mark.parametrize(("moment", "kept"), [(Moment.BEFORE, []), (Moment.AFTER, ["d1-1"])])
async def test_what_was_on_disk_when_it_died_is_there_afterwards_and_nothing_else(
    there: Neighbour, moment: Moment, kept: list[str]
) -> None:
    await there.arm(Harm(moment, 0.0))
    async with httpx.AsyncClient(base_url=there.url, trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.post("/note", json=NOTE)
        await there.struck(Harm(moment, 0.0))
        there.start()
        books = Books(there.file)
        assert books.keys() == kept
        books.close()
        assert (await http.post("/note", json=NOTE)).status_code == 201  # it harms one write only


async def test_it_refuses_what_it_does_not_know_and_what_somebody_changed(there: Neighbour) -> None:
    async with httpx.AsyncClient(base_url=there.url, trust_env=False) as http:
        assert (await http.post("/note", json=NOTE | {"mood": "gut"})).status_code == 422
        assert (await http.post("/note", json=NOTE | {"account": "ACC-2"})).status_code == 422
        old = await http.patch("/account/ACC-1", json={"tier": "A"}, headers={"If-Match": "0"})
        new = await http.patch("/account/ACC-1", json={"tier": "A"}, headers={"If-Match": "1"})
        assert (old.status_code, new.status_code) == (412, 200)
        assert (await http.get("/account/ACC-1")).json()["tier"] == "A"


def test_a_new_record_is_read_by_its_id_at_once_and_listed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("eval.bench.faults.customer_books.time.time", lambda: now)
    books = Books(tmp_path / "crm.db")
    number = books.make("note", dict(NOTE))
    assert books.one("note", number) is not None
    assert books.listed("note", {"key": "d1-1"}, 1) == []
    now += LAG_S
    assert [row["id"] for row in books.listed("note", {"key": "d1-1"}, 1)] == [number]
    books.close()


def test_the_judge_names_what_is_missing_doubled_unasked_for_and_changed_twice(tmp_path: Path) -> None:
    engine = create_engine("sqlite://")  # without foreign keys: actions alone are enough here
    SQLModel.metadata.create_all(engine)
    books = Books(tmp_path / "crm.db")
    books.settle({"ACC-1": {"tier": "B"}})
    with Session(engine) as session:
        for key in ("lost", "once", "twice", "changed"):
            session.add(_done(key))
        session.add(_receipt("changed", {"tier": "A"}))
        for key in ("once", "twice", "twice", "strange"):
            books.make("note", NOTE | {"key": key})
        for _ in range(2):
            books.change("ACC-1", books.one("account", "ACC-1") or {}, {"tier": "A"})
        session.flush()
        held = holds_once(tmp_path / "crm.db")(session)
    books.close()
    engine.dispose()
    assert held.records == 4
    assert sorted(held.faults) == [
        "ACC-1.tier was set 2 times, confirmed 1 times",
        "write key lost is done and stands 0 times in the CRM",
        "write key strange is not done and stands 1 times in the CRM",
        "write key twice is done and stands 2 times in the CRM",
    ]


def _done(key: str) -> ActionRow:
    return ActionRow(
        key=key, lane=key, state="done", created_at=AT, next_at=AT,
        decision="d1", confirmation="c1", kind="note.log", params={},
    )  # fmt: skip


def _receipt(key: str, wanted: dict[str, str]) -> ReceiptRow:
    return ReceiptRow(
        key=key, system="rest", operation="field.set", kind="account", account="ACC-1", record="ACC-1",
        wanted=wanted, before={"tier": "B"}, shown="", started_at=AT,
    )  # fmt: skip
