"""`yiju demo` as a user starts it, on a free port, ended by its process id."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest


def demo_server(data: Path) -> AbstractContextManager[str]:
    """The demo company on this data dir."""
    return served(data, "demo", "/readyz")


@contextmanager
def served(data: Path, verb: str, until: str) -> Iterator[str]:
    """The address of a server on this data dir, once its page `until` answers. `verb`: `demo`, or `serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (data / "server.log").open("wb")
    command = [sys.executable, "-m", "bot", verb, "--port", str(port)]
    process = subprocess.Popen(
        command, env={**os.environ, "YIJU_DATA_DIR": str(data)}, stdout=log, stderr=log
    )
    try:
        _wait(f"http://127.0.0.1:{port}{until}", process, data / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    transport = httpx.HTTPTransport(retries=0)
    with httpx.Client(transport=transport, timeout=2) as client:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                if client.get(url).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
    pytest.fail(f"the server was not ready in two minutes: {log.read_text()[-2000:]}")
