"""The web application over the demo company, spoken to in process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot import decisions
from bot.app import Parts
from bot.decision import Decision
from bot.security import new_key
from bot.serving import app_of
from bot.tables import CardRow
from bot.web.signin import COOKIE, SignIn
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision
from tests.fakes.demo import demo, parts
from tests.fakes.product import PUBLIC_URL

__all__ = ["demo", "parts"]


class Site:
    """Visitors of the pages. Nobody is signed in unless a test says who."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.signin = SignIn(parts.secret, False, parts.clock)
        transport = httpx.ASGITransport(app_of(parts), raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL)

    def sign_in(self, user: str) -> None:
        self.http.cookies.set(COOKIE, self.signin._signer().dumps(user))

    def save(self, **changes: Any) -> str:
        """A decision whose card was shown to 张三; returns its page."""
        decision = a_decision(**changes)
        with self.parts.store.begin() as session:
            decisions.insert(session, decision)
            shown = {"decision": decision.id, "recipient": decision.rep, "channel": decision.channel}
            session.add(CardRow(**shown, ref={"id": "m1"}, shown_version=0, shown_at=START))
        return self.parts.cards.path(decision)

    def decision(self, key: str = "d1") -> Decision:
        with self.parts.store.look() as session:
            return decisions.load(session, key)

    def key(self, *scopes: str) -> dict[str, str]:
        """Headers with a fresh API key."""
        with self.parts.store.begin() as session:
            _, key = new_key(session, "test", scopes, self.parts.clock())
        return {"Authorization": f"Bearer {key}"}


@pytest.fixture
async def site(parts: Parts) -> AsyncIterator[Site]:
    opened = Site(parts)
    yield opened
    await opened.http.aclose()
