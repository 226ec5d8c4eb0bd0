"""A real Tryton for tests, in a process of its own, and a proxy in front of it that can lose answers."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIR = Path(os.environ.get("YIJU_TEST_TRYTON_DIR", ROOT / ".tryton"))
SCRIPT = ROOT / "tests" / "tryton" / "server.sh"


def is_prepared() -> bool:
    return (DIR / "venv" / ".ready").exists() and (DIR / "template.sqlite").exists()


@contextmanager
def running() -> Iterator[str]:
    """The address of an empty server; it is ended by its pid."""
    port = free_port()
    subprocess.run([SCRIPT, DIR, str(port)], check=True, timeout=300, capture_output=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        folder = DIR / f"run-{port}"
        os.kill(int((folder / "server.pid").read_text()), signal.SIGTERM)
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Proxy:
    """Passes connections on. Of the next writes, after `spared` ones: `cut_answers` are done and their answers thrown away,
    `cut_requests` never reach the server, which the client cannot tell from the former."""

    host: str
    port: int
    spared: int = 0
    cut_answers: int = 0
    cut_requests: int = 0
    down: bool = False
    passed: int = 0
    address: str = ""

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request after the other, as HTTP clients that keep connections send them."""
        try:
            while not self.down and (request := await _message(reader)):
                writes = _writes(request)
                spared = writes and self.spared > 0
                self.spared -= spared
                if writes and not spared and self.cut_requests:
                    self.cut_requests -= 1
                    break
                there, back = await asyncio.open_connection(self.host, self.port)
                back.write(request)
                answer = await _message(there, until_closed=True)
                back.close()
                await back.wait_closed()
                self.passed += 1
                if writes and not spared and self.cut_answers:
                    self.cut_answers -= 1
                    break
                writer.write(answer)
                await writer.drain()
                if b"content-length:" not in answer.lower().partition(b"\r\n\r\n")[0]:
                    break  # its end is the end of the connection
        finally:
            writer.close()


async def _message(reader: asyncio.StreamReader, until_closed: bool = False) -> bytes:
    """Head and body of one HTTP message; empty where the other side has gone."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lengths = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    if lengths:
        return head + await reader.readexactly(lengths[0])
    return head + (await reader.read() if until_closed else b"")


def _writes(request: bytes) -> bool:
    """Whether Tryton changes something for it."""
    return any(
        b"." + word + b'"' in request
        for word in (b"create", b"write", b"delete", b"cancel", b"lead", b"opportunity", b"lost")
    ) or (b"/rest/" in request and not request.startswith(b"GET"))
