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
from .processes import Child, NotStarted

PREPARE_PATIENCE = 600


@dataclass
class Workbench:
    """Everything lives in `folder` and on two loopback ports; `close` ends what was started."""

    folder: Path
    app: App = BENCH_APP
    platform_port: int = field(default_factory=processes.free_port)
    server_port: int = field(default_factory=processes.free_port)
    platform: Child | None = None
    server: Child | None = None

    @property
    def platform_url(self) -> str:
        return f"http://127.0.0.1:{self.platform_port}"

    @property
    def server_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'yiju.db'}"

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
            timeout=PREPARE_PATIENCE,
        )
        if done.returncode:
            raise NotStarted(f"yiju demo --prepare-only ended with {done.returncode}:\n{done.stderr[-2000:]}")
        store = Store(self.database)
        with store.begin() as session:
            company.settle(session, senders)
        store.close()

    def start_platform(self, delay: float = 0.0) -> None:
        self.platform = start_platform(self.app, self.platform_port, self.folder, delay)

    def start_server(self) -> float:
        """Seconds until it was ready. Raises `NotStarted`."""
        return processes.wait_until_ready(self.launch_server(), f"{self.server_url}/readyz")

    def launch_server(self) -> Child:
        arguments = ["bot", "serve", "--host", "127.0.0.1", "--port", str(self.server_port)]
        self.server = processes.start(arguments, self.settings, self.folder / "server.log")
        return self.server

    def close(self) -> None:
        for child in (self.server, self.platform):
            if child is not None:
                child.stop()


def start_platform(app: App, port: int, folder: Path, delay: float = 0.0) -> Child:
    """The stub platform in a process of its own, ready. Raises `NotStarted`."""
    identity = ["--corp-id", app.corp_id, "--secret", app.secret, "--agent-id", str(app.agent_id)]
    arguments = ["eval.bench.wecom_server", "--port", str(port), *identity, "--delay", str(delay)]
    child = processes.start(arguments, {}, folder / "platform.log")
    processes.wait_until_ready(child, f"http://127.0.0.1:{port}/control/arrivals")
    return child


@contextmanager
def workbench(folder: Path) -> Iterator[Workbench]:
    """A workbench in `folder` whose processes end with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    bench = Workbench(folder)
    try:
        yield bench
    finally:
        bench.close()
