"""Puts the console onto the server."""

from __future__ import annotations

from typing import cast

from fastapi import FastAPI
from starlette.middleware import Middleware

from bot.app import Parts
from bot.channels import SignsIn
from bot.console.gate import AT, Gate
from bot.console.sessions import Sessions
from bot.console.signin import ConsoleSignIn
from bot.sharing import StoredAllowance


def mount(app: FastAPI, parts: Parts) -> None:
    """All pages, behind the gate. Once in a process: NiceGUI has one application."""
    from nicegui import ui

    from bot.console import (
        astray,
        board_page,
        connections_page,
        datasets_page,
        dead_letters_page,
        decision_page,
        decisions_page,
        document_page,
        documents_page,
        file_editor_page,
        graph_page,
        health_page,
        jobs_page,
        journal_page,
        knowledge_editor_page,
        labels_page,
        models_page,
        page_images,
        policy_page,
        quality_page,
        settings_page,
        users_page,
    )
    from bot.console.frame import Console

    sessions = Sessions(parts.store, parts.clock)
    platforms = {
        name: cast(SignsIn, one) for name, one in parts.channels.items() if hasattr(one, "sign_in_url")
    }
    allowance = StoredAllowance(parts.store, parts.clock)
    sign_in = ConsoleSignIn(
        parts.store, sessions, allowance, platforms, parts.secret, parts.settings.public_url, parts.clock
    )
    app.include_router(sign_in.routes())
    pages = (
        decisions_page,
        decision_page,
        board_page,
        labels_page,
        datasets_page,
        models_page,
        graph_page,
        file_editor_page,
        knowledge_editor_page,
        documents_page,
        document_page,
        connections_page,
        quality_page,
        dead_letters_page,
        users_page,
        policy_page,
        jobs_page,
        health_page,
        journal_page,
        settings_page,
    )
    console = Console(parts, sessions, frozenset(page.PATH for page in pages))
    app.include_router(page_images.routes(console))
    for page in pages:
        page.add(console)
    ui.run_with(
        app,
        title="依据",
        mount_path=AT,
        language="zh-CN",
        favicon="⚖️",
        tailwind=False,
        binding_refresh_interval=None,
        show_welcome_message=False,
        reconnect_timeout=20.0,
    )
    astray.watch()
    gate = Middleware(Gate, sessions=sessions)
    app.user_middleware.append(gate)  # innermost, so that its refusals are hardened like every answer
