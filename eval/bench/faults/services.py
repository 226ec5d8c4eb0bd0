"""Private PostgreSQL, NATS and Chroma servers on free ports: made to be stopped, killed and emptied.

Only what was started here is ever stopped, by its process id; the machine's own servers are left alone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..processes import NotStarted, free_port

PATIENCE = 30.0
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin")


class NotInstalled(NotStarted):
    """A program that a trouble needs is not on this machine; the message says which."""


@dataclass
class Service:
    """A server in a folder of its own, on one port all its life."""

    name: str
    command: Sequence[str]
    folder: Path
    port: int
    user: str | None = None
    """Whom it runs as, where it refuses to be root."""
    host: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until its port takes connections, again where what was killed still holds on to files. Raises `NotStarted`."""
        until = time.monotonic() + PATIENCE
        self._launch()
        while not _listens(self.host, self.port):
            if time.monotonic() > until:
                words = (self.folder / f"{self.name}.out").read_text(errors="replace")[-1500:]
                raise NotStarted(f"{self.name} does not listen on port {self.port}:\n{words}")
            if self.process is None or self.process.poll() is not None:
                time.sleep(0.3)
                self._launch()
            time.sleep(0.02)

    def _launch(self) -> None:
        with (self.folder / f"{self.name}.out").open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                user=self.user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """With its children, where it leaves any."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: nobody else's process is in it
        self.process.wait()


@contextmanager
def postgres(folder: Path, host: str = "127.0.0.1") -> Iterator[tuple[Service, str]]:
    """A fresh cluster and its address. It syncs to disk as in production. Raises `NotInstalled`."""
    folder.mkdir(parents=True)
    user = _unprivileged()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    made = subprocess.run(
        [_program("initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C"],
        user=user,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NotStarted(f"initdb ended with {made.returncode}:\n{made.stderr[-1500:]}")
    if host != "127.0.0.1":
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.0.0.0/8 trust\n")
    command = [_program("postgres"), "-D", str(data), "-p", str(port), "-k", str(folder)]
    command += ["-c", f"listen_addresses={host}"]
    server = Service("postgres", command, folder, port, user, host)
    yield from _serving(server, f"postgresql://postgres@{host}:{port}/postgres")


@contextmanager
def nats(folder: Path, host: str = "127.0.0.1") -> Iterator[tuple[Service, str]]:
    """With JetStream in `folder/jetstream`. Raises `NotInstalled`."""
    folder.mkdir(parents=True)
    port = free_port()
    command = [_program("nats-server"), "-a", host, "-p", str(port), "-js", "-sd", str(folder / "jetstream")]
    yield from _serving(Service("nats", command, folder, port, host=host), f"nats://{host}:{port}")


@contextmanager
def chroma(folder: Path) -> Iterator[tuple[Service, str]]:
    """The server that comes with the client's package."""
    folder.mkdir(parents=True)
    port = free_port()
    program = str(Path(sys.executable).with_name("chroma"))
    command = [program, "run", "--path", str(folder / "vectors"), "--host", "127.0.0.1", "--port", str(port)]
    yield from _serving(Service("chroma", command, folder, port), f"http://127.0.0.1:{port}")


def _serving(server: Service, address: str) -> Iterator[tuple[Service, str]]:
    server.start()
    try:
        yield server, address
    finally:
        server.stop(signal.SIGINT)  # PostgreSQL: end now and cleanly, whoever is connected


def _program(name: str) -> str:
    here = shutil.which(name)
    places = [str(path) for pattern in POSTGRES_FOLDERS for path in Path("/").glob(pattern[1:])]
    found = here or shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise NotInstalled(f"there is no {name} on this machine; install it to try this trouble")
    return found


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise NotInstalled("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
