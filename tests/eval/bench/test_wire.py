"""The stub as a real process, the client over real sockets: what is sent arrives, and a dead server is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.bench import processes
from eval.bench.callbacks import BENCH_APP, Callback
from eval.bench.platform_client import PlatformClient
from eval.bench.processes import NotStarted
from eval.bench.wire import Wire
from eval.bench.workbench import start_platform

from .conftest import card, message


@pytest.fixture
def platform_url(tmp_path: Path) -> Iterator[str]:
    port = processes.free_port()
    child = start_platform(BENCH_APP, port, tmp_path)
    yield f"http://127.0.0.1:{port}"
    assert child.stop() in {0, -15}


async def test_the_stub_serves_what_the_product_calls_and_tells_what_arrived(platform_url: str) -> None:
    platform = PlatformClient.at(platform_url)
    identity = {"corpid": BENCH_APP.corp_id, "corpsecret": BENCH_APP.secret}
    token = (await platform.http.get("/cgi-bin/gettoken", params=identity)).json()["access_token"]
    sent = await platform.http.post(
        "/cgi-bin/message/send", params={"access_token": token}, json=message(card())
    )
    assert sent.json()["errcode"] == 0
    arrivals = await platform.wait(lambda found: bool(found), patience=5.0)
    assert [(one.user, one.kind, one.task_id, one.was_seen) for one in arrivals] == [
        ("zhangsan", "template_card", "dec-1", True)
    ]
    (shown,) = await platform.cards("zhangsan")
    assert shown.keys == ("confirm", "decline")
    assert await platform.tap("zhangsan", "dec-1", "confirm") is not None
    assert await platform.tap("zhangsan", "dec-1", "no such button") is None
    await platform.close()


async def test_callbacks_go_over_connections_that_are_kept(platform_url: str) -> None:
    wire = Wire(platform_url)
    tap = Callback("/control/tap", b'{"user": "lisi", "task_id": "none", "key": "confirm"}')
    assert [await wire.post(tap) for _ in range(3)] == [409, 409, 409]
    assert await wire.post(Callback("/cgi-bin/message/send", b"not json")) == 200
    assert await asyncio.gather(*(wire.post(Callback("/nowhere", b"")) for _ in range(5))) == [404] * 5
    await wire.close()


async def test_a_server_that_is_gone_is_no_answer() -> None:
    with pytest.raises(ConnectionRefusedError):
        await Wire(f"http://127.0.0.1:{processes.free_port()}").post(Callback("/", b""))


def test_a_child_that_ends_early_says_why(tmp_path: Path) -> None:
    child = processes.start(["eval.bench.wecom_server", "--prot", "1"], {}, tmp_path / "log")
    with pytest.raises(NotStarted, match="No such option"):
        processes.wait_until_ready(child, "http://127.0.0.1:9/")


def test_a_child_sees_no_setting_but_those_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIJU_DATABASE_URL", "postgresql://elsewhere/production")
    environment = processes.clean_environment({"YIJU_DATA_DIR": "here"})
    assert {name for name in environment if name.startswith("YIJU_")} == {"YIJU_DATA_DIR"}
