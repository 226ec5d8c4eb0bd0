"""Every address that a browser can open, as the application itself lists them, one a line; of the console without its
pictures of documents' pages (tests/browser/test_console_documents.py asks who may see those).

A process of its own (`python -m tests.browser.pages DATA_DIR`): NiceGUI has one application in a process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from tests.browser.environment import clean


@cache
def pages(data: Path) -> list[str]:
    """Templates of paths: `/d/{token}`, `/console/decisions/{decision}`, …"""
    command = [sys.executable, "-m", "tests.browser.pages", str(data)]
    done = subprocess.run(command, env=clean(data), capture_output=True, check=True, text=True)
    return done.stdout.split()


def opened(routes: Any) -> Iterator[str]:
    """Paths that answer GET."""
    for route in routes:
        if isinstance(route, APIRoute):
            if "GET" in route.methods:
                yield route.path.replace(":path}", "}")
        elif inner := getattr(route, "original_router", None):
            yield from opened(inner.routes)


def main(data: Path) -> None:
    from nicegui import Client

    from bot.app import assemble
    from bot.console.mount import mount
    from bot.serving import app_of
    from bot.settings import Settings

    parts = assemble(Settings(_env_file=None, data_dir=data, simulator=True))
    app = app_of(parts)
    mount(app, parts)
    ours = [f"/console{path}".rstrip("/") for path in Client.page_routes.values()]
    pictures = {path for path in opened(app.routes) if path.startswith("/console") and "/page-image/" in path}
    print("\n".join(sorted({*opened(app.routes), *ours} - pictures)))
    parts.store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
