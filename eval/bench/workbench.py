"""A whole installation to measure: a data dir with the demo company, a stub platform, and a server between them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.store import Store

from . import company, processes
from .callbacks import BENCH_APP, App
from .company import Sender
from .processes import Child, NotStarted, Within
from .spread import Spread

PREPARE_PATIENCE = 600
GRACE = 30.0
"""Seconds until a process that was asked to end is killed, as in `deploy/kubernetes`."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where a process runs: the address it listens on, and how it gets there."""

    address: str = LOOPBACK
    within: Within = list


HERE = Place()


@dataclass
class Workbench:
    """Everything lives in `folder` and on two loopback ports; `close` ends what was started."""

    folder: Path
    app: App = BENCH_APP
    platform_port: int = field(default_factory=processes.free_port)
    server_port: int = field(default_factory=processes.free_port)
    platform: Child | None = None
    server: Child | None = None
    """The one that takes callbacks."""
    spread: Spread | None = None
    """None: everything in one process on SQLite."""
    others: list[Child] = field(default_factory=list)
    """Workers and scheduler, where they are processes of their own."""
    more: dict[str, str] = field(default_factory=dict)
    """Further settings and variables of what serves; they win over those made here."""
    program: str = "bot"
    """The module that is run with `serve`."""
    preloaded: bool = False
    """Whether what serves here is forked from a process that has imported the program (`preloaded`)."""
    patience: float = processes.PATIENCE
    """Seconds until a server that is not ready counts as not started."""
    platform_host: str = LOOPBACK
    front: str = ""
    """Where callbacks are sent, if not to the server itself."""
    places: dict[int, Place] = field(default_factory=dict)
    """Of the workers and the scheduler by number, where one is not here."""

    @property
    def platform_url(self) -> str:
        return f"http://{self.platform_host}:{self.platform_port}"

    @property
    def server_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def database(self) -> str:
        return self.spread.database if self.spread else f"sqlite:///{self.folder / 'data' / 'yiju.db'}"

    @property
    def settings(self) -> dict[str, str]:
        """The server's whole environment of settings."""
        return {
            "YIJU_DATA_DIR": str(self.folder / "data"),
            "YIJU_PUBLIC_URL": self.server_url,
            "YIJU_WECOM__CORP_ID": self.app.corp_id,
            "YIJU_WECOM__AGENT_ID": str(self.app.agent_id),
            "YIJU_WECOM__SECRET": self.app.secret,
            "YIJU_WECOM__TOKEN": self.app.token,
            "YIJU_WECOM__AES_KEY": self.app.aes_key,
            "YIJU_WECOM__API_BASE": self.platform_url,
            **(self.spread.settings if self.spread else {}),
            **self.more,
        }

    def prepare(self, senders: Sequence[Sender]) -> None:
        """The demo company, and these reps with their customers. Raises `NotStarted`."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", "demo", "--prepare-only"],
            check=False,
            env=processes.clean_environment(self.settings),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(PREPARE_PATIENCE, self.patience),
        )
        if done.returncode:
            raise NotStarted(f"yiju demo --prepare-only ended with {done.returncode}:\n{done.stderr[-2000:]}")
        store = Store(self.database)
        with store.begin() as session:
            company.settle(session, senders)
        store.close()

    def start_platform(self, delay: float = 0.0) -> None:
        self.platform = start_platform(self.app, self.platform_port, self.folder, delay, self.platform_host)

    def start_server(self) -> float:
        """Seconds until it was ready. Raises `NotStarted`."""
        for number in range(len(self.spread.roles) - 1 if self.spread else 0):
            child, readiness = self._launch_other(number)
            self.others.append(child)
            processes.wait_until_ready(child, readiness, self.patience)
        return self.start_gateway()

    def start_gateway(self) -> float:
        """Seconds until what takes callbacks is ready."""
        return processes.wait_until_ready(self.launch_server(), f"{self.server_url}/readyz", self.patience)

    def replace(self, number: int) -> None:
        """Kill a worker or scheduler at once and start another; nobody waits for it."""
        self.others[number].kill()
        self.others[number], _ = self._launch_other(number)

    def restart(self, number: int) -> int:
        """Ask a process to end, start another in its place and wait until that is ready; returns the first one's exit code.

        Numbers are those of `Spread.roles`: the last is the gateway.
        """
        grace = max(GRACE, self.patience)
        if number == len(self.others):
            assert self.server is not None
            code = self.server.stop(grace)
            self.start_gateway()
            return code
        code = self.others[number].stop(grace)
        self.others[number], readiness = self._launch_other(number)
        processes.wait_until_ready(self.others[number], readiness, self.patience)
        return code

    def _launch_other(self, number: int) -> tuple[Child, str]:
        """A worker or the scheduler, and where it says whether it is ready."""
        assert self.spread is not None
        role, place, port = self.spread.roles[number], self.places.get(number, HERE), processes.free_port()
        child = self.launch(role, port, f"{role}-{number}.log", place)
        return child, f"http://{place.address}:{port}/readyz"

    def launch_server(self) -> Child:
        role = self.spread.roles[-1] if self.spread else "all"
        self.server = self.launch(role, self.server_port, "server.log")
        return self.server

    def launch(self, role: str, port: int, log: str, place: Place = HERE) -> Child:
        arguments = ["serve", "--role", role, "--host", place.address, "--port", str(port)]
        if self.preloaded:
            return processes.start_preloaded(arguments, self.settings, self.folder / log)
        return processes.start([self.program, *arguments], self.settings, self.folder / log, place.within)

    @property
    def pids(self) -> tuple[int, ...]:
        """Of everything that serves."""
        return tuple(child.pid for child in (*self.others, self.server) if child is not None)

    def close(self) -> None:
        for child in (self.server, *self.others, self.platform):
            if child is not None:
                child.stop()


def start_platform(app: App, port: int, folder: Path, delay: float = 0.0, host: str = LOOPBACK) -> Child:
    """The stub platform in a process of its own, ready. Raises `NotStarted`."""
    identity = ["--corp-id", app.corp_id, "--secret", app.secret, "--agent-id", str(app.agent_id)]
    arguments = [
        "eval.bench.wecom_server",
        "--host",
        host,
        "--port",
        str(port),
        *identity,
        "--delay",
        str(delay),
    ]
    child = processes.start(arguments, {}, folder / "platform.log")
    processes.wait_until_ready(child, f"http://{host}:{port}/control/arrivals")
    return child


@contextmanager
def workbench(
    folder: Path, spread: Spread | None = None, patience: float = processes.PATIENCE
) -> Iterator[Workbench]:
    """A workbench in `folder` whose processes end with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    bench = Workbench(folder, spread=spread, patience=patience)
    try:
        yield bench
    finally:
        bench.close()
