"""Where no page of the console can be shown: a sentence, and the way back."""

from __future__ import annotations

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import Response

from bot.web.page import html
from prompts import phrase

log = structlog.get_logger()


def answer(words: str, status: int) -> Response:
    return html("console_message.html", status, words=words)


def watch() -> None:
    """Instead of NiceGUI's pages and FastAPI's JSON, which speak English."""
    from nicegui import app as pages

    pages.exception_handler(404)(_nowhere)
    pages.exception_handler(RequestValidationError)(_nowhere)  # ?page=abc
    pages.exception_handler(Exception)(_broken)


async def _nowhere(request: Request, error: Exception) -> Response:
    return answer(phrase("console_no_page"), 404)


async def _broken(request: Request, error: Exception) -> Response:
    """It is raised again behind this answer; the log has where."""
    log.error("console_page_failed", path=request.url.path, kind=type(error).__name__)
    return answer(phrase("console_page_failed"), 500)
