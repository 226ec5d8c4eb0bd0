"""Servers as child processes: started on a free loopback port, watched, and ended by their own id."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from .preloaded import Preloaded

ROOT = Path(__file__).parents[2]
LOOK_EVERY = 0.02
PATIENCE = 90.0


class NotStarted(Exception):
    """A child ended or did not answer in time; the message holds the end of what it printed."""


@dataclass
class Child:
    """A process that was started here. `log` is the file that it prints to."""

    process: subprocess.Popen[bytes] | Preloaded
    log: Path
    started: float

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """At once, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self, patience: float = 15.0) -> int:
        """Ask it to end, then end it; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


Within = Callable[[Sequence[str]], Sequence[str]]
"""How a command is run somewhere else: in another network namespace."""


def start(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, within: Within = list
) -> Child:
    """`python -m …` with exactly these YIJU_ settings, in the log's folder so that no `.env` is read."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            within([sys.executable, "-m", *arguments]),
            env=clean_environment(environment),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Child(process, log, time.monotonic())


def start_preloaded(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """The same as `start` of `bot`, forked from a process that has imported it."""
    process = Preloaded(arguments, clean_environment(environment), log.parent, log)
    return Child(process, log, time.monotonic())


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without its own YIJU_ settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YIJU_")}
    return kept | {"PYTHONPATH": str(ROOT)} | dict(more)


def wait_until_ready(child: Child, url: str, patience: float = PATIENCE) -> float:
    """Seconds from the start until `url` answers 200. Raises `NotStarted`."""
    with httpx.Client(timeout=2.0, trust_env=False) as http:
        return _wait(child, url, lambda: _is_ready(http, url), patience)


def _wait(child: Child, what: str, is_ready: Callable[[], bool], patience: float) -> float:
    while time.monotonic() - child.started < patience:
        if is_ready():
            return time.monotonic() - child.started
        if child.process.poll() is not None:
            raise NotStarted(
                f"it ended with {child.process.returncode} before {what} answered:\n{child.last_words()}"
            )
        time.sleep(LOOK_EVERY)
    raise NotStarted(f"{what} did not answer within {patience:.0f} s:\n{child.last_words()}")


def _is_ready(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(url).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def memory_mb(pid: int) -> tuple[float, float] | None:
    """Resident memory now and at most, as Linux tells; None elsewhere."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    text = status.read_text()
    now, most = (re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE) for name in ("VmRSS", "VmHWM"))
    return (int(now[1]) / 1024, int(most[1]) / 1024) if now and most else None


def cpu_s(pid: int) -> float | None:
    """Processor seconds it has used, as Linux tells; None elsewhere. Other processes' load does not change it much."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return None
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
