"""A running server that has worked a turn holds nothing of torch, where no encoder is configured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from eval.bench.callbacks import BENCH_APP, Callbacks
from eval.bench.company import senders
from eval.bench.platform_client import PlatformClient
from eval.bench.workbench import workbench

HEAVY = ("/torch/", "/sklearn/")
"""Training needs them; sentence-transformers and transformers can do nothing without the first."""
PATIENCE_S = 60.0
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="only Linux tells what a process has mapped (/proc)"
)


def mapped(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def heavy(maps: str) -> set[str]:
    """Of the libraries that a process has mapped: those that no server should have."""
    return {name for name in HEAVY if name in maps}


@pytest.mark.timeout(300)
async def test_a_server_that_worked_a_turn_has_loaded_no_torch(tmp_path: Path) -> None:
    (rep,) = senders(1)
    with workbench(tmp_path) as bench:
        bench.prepare([rep])
        bench.start_platform()
        bench.start_server()
        sealer = Callbacks(BENCH_APP)
        callback = sealer.seal(sealer.text(rep.wecom, f"客户{rep.customer}说:X200带制冷吗,50台什么价", "1"))
        async with httpx.AsyncClient(base_url=bench.server_url, timeout=30, trust_env=False) as server:
            (await server.post(callback.target, content=callback.body)).raise_for_status()
        platform = PlatformClient.at(bench.platform_url)
        try:
            arrived = await platform.wait(lambda arrivals: len(arrivals) > 0, PATIENCE_S)
            assert arrived, "no card came"
            assert await platform.cards(rep.wecom)
        finally:
            await platform.close()
        assert bench.server is not None
        maps = mapped(bench.server.pid)
    assert ".so" in maps
    assert heavy(maps) == set()


def test_torch_would_be_seen() -> None:
    looks = "import pathlib, torch; print(pathlib.Path('/proc/self/maps').read_text())"
    maps = subprocess.run([sys.executable, "-c", looks], capture_output=True, text=True, check=True).stdout
    assert heavy(maps) >= {"/torch/"}
