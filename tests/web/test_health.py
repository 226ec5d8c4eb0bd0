"""Whether it lives, can work and counts; files and headers; the simulator only where it was asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bot.app import Parts, assemble
from bot.serving import app_of
from bot.web import health
from eval.bench.later_schema import following, put_ahead
from tests.fakes.clock import Clock
from tests.fakes.product import PUBLIC_URL, DemoCompany, settings_for
from tests.web.conftest import Site


async def test_a_process_that_answers_is_alive(site: Site) -> None:
    found = await site.http.get("/healthz")
    assert (found.status_code, found.json()) == (200, {"status": "alive"})


async def test_a_prepared_installation_is_ready(site: Site) -> None:
    found = await site.http.get("/readyz")
    assert (found.status_code, found.json()) == (200, {"status": "ready", "problems": {}})


async def test_an_old_schema_is_not_ready_and_says_what_to_run(site: Site) -> None:
    with site.parts.store.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0021'"))
    found = await site.http.get("/readyz")
    assert found.status_code == 503
    assert "yiju migrate" in found.json()["problems"]["database"]


async def test_a_later_release_s_schema_is_ready_and_serves(site: Site) -> None:
    with site.parts.store.begin() as session:
        put_ahead(session.connection())
    assert (await site.http.get("/readyz")).status_code == 200


async def test_a_schema_that_needs_a_later_program_is_not_ready(site: Site) -> None:
    with site.parts.store.begin() as session:
        put_ahead(session.connection(), following(f"_from_{following()}"))
    found = await site.http.get("/readyz")
    assert found.status_code == 503
    assert "use the version that migrated it" in found.json()["problems"]["database"]


async def test_a_customer_system_without_customers_is_not_ready(site: Site) -> None:
    with site.parts.store.begin() as session:
        tables = site.parts.store.engine.dialect.get_table_names  # what the embedded CRM owns
        with site.parts.store.engine.connect() as connection:
            names = [name for name in tables(connection) if name.startswith("crm_")]
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        for name in names:
            session.execute(text(f"DELETE FROM {name}"))
    found = await site.http.get("/readyz")
    assert found.status_code == 503
    assert "yiju demo" in found.json()["problems"]["crm"]


async def test_a_check_that_breaks_is_a_problem_and_no_crash() -> None:
    async def broken() -> str:
        raise RuntimeError("the disk is gone")

    assert await health._ask(broken) == "RuntimeError: the disk is gone"


async def test_what_is_counted_is_told_in_prometheus_words(site: Site) -> None:
    found = await site.http.get("/metrics")
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/plain")
    assert "# TYPE yiju_" in found.text


@pytest.mark.parametrize("name", ["page.css", "sim.css", "sim.js"])
async def test_files_of_the_pages_are_served(site: Site, name: str) -> None:
    found = await site.http.get(f"/static/{name}")
    assert found.status_code == 200
    assert found.text.strip()


@pytest.mark.parametrize(
    "path", ["/static/nothing.js", "/static/../app.py", "/static/%2e%2e/app.py", "/no-such-page"]
)
async def test_nothing_else_is_served(site: Site, path: str) -> None:
    assert (await site.http.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/sim", "/sim/messages"])
async def test_the_simulator_is_not_there_unless_asked_for(site: Site, path: str) -> None:
    assert (await site.http.get(path)).status_code == 404


@pytest.fixture
def with_simulator(demo: DemoCompany, tmp_path: Path, clock: Clock) -> Parts:
    settings = settings_for(demo.copy_to(tmp_path / "sim"), simulator=True)
    return assemble(settings, clock, library=demo.library)


async def test_the_simulator_is_a_chat_where_it_is_asked_for(with_simulator: Parts) -> None:
    transport = httpx.ASGITransport(app_of(with_simulator))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        page = await http.get("/sim")
        assert page.status_code == 200
        assert "模拟环境" in page.text
        assert (await http.post("/sim/as", json={"person": "zhangsan"})).json()["person"] == "zhangsan"
        said = {"key": "k-12345678", "text": "华东仁和什么等级"}
        assert (await http.post("/sim/say", json=said)).json() == {"new": True}
        assert (await http.post("/sim/say", json=said)).json() == {"new": False}
        await with_simulator.settle()
        messages = (await http.get("/sim/messages")).json()
    with_simulator.store.close()
    kinds = [one["kind"] for one in messages]
    assert kinds.count("me") == 1
    assert any("VIP" in one["body"].get("words", "") for one in messages if one["kind"] == "bot")


async def test_the_simulator_hands_a_table_to_its_page_apart_from_the_text(with_simulator: Parts) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(with_simulator)), base_url=PUBLIC_URL
    ) as http:
        await http.get("/sim")
        await http.post("/sim/as", json={"person": "zhangsan"})
        await http.post("/sim/say", json={"key": "k-12345678", "text": "X200 和 X350 差在哪"})
        await with_simulator.settle()
        *_, answer = (await http.get("/sim/messages")).json()
    with_simulator.store.close()
    headline, table, rest = answer["blocks"]
    assert headline.startswith("**X200、X350 对照**")
    assert table["head"] == ["参数", "X200", "X350"]
    assert ["最高转速", "16500 r/min", "4500 r/min"] in table["rows"]
    assert "> 《" in rest


@pytest.mark.parametrize(
    "body",
    [{"key": "short", "text": "x"}, {"key": "k-12345678", "text": "x" * 20_001}, {"key": "k-12345678"}],
)
async def test_the_simulator_refuses_what_does_not_fit(with_simulator: Parts, body: dict[str, str]) -> None:
    transport = httpx.ASGITransport(app_of(with_simulator))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        await http.get("/sim")
        status = (await http.post("/sim/say", json=body)).status_code
    with_simulator.store.close()
    assert status == 422


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.too_full(tmp_path) == ""
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 3 * 2**20)
    )
    assert health.too_full(tmp_path) == (
        f"3 MB are free where {tmp_path} lies; below 50 MB nothing may be kept: make room"
    )
