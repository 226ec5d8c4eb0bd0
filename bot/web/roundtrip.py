"""A browser's way to a platform's sign-in and back: what comes back must carry the state that this very browser took along.

Without it, somebody could have another person's browser signed in as themselves, by a link that holds a code of their own.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer

LASTS_S = 600


class RoundTrip:
    """Keeps the state in a signed cookie, below one path, for ten minutes."""

    def __init__(self, secret: str, name: str, path: str, secure: bool) -> None:
        """`name`: of the cookie, one for each place that people sign in to."""
        self._kept = URLSafeTimedSerializer(secret, salt=name)
        self._name, self._path, self._secure = name, path, secure

    def begin(self, address: Callable[[str], str], then: str) -> Response:
        """Send the browser to the platform; `address` makes the URL with a state, `then` is where it wanted to go."""
        state = secrets.token_hex(16)
        response = RedirectResponse(address(state), 303)
        response.set_cookie(
            self._name,
            self._kept.dumps([state, then]),
            max_age=LASTS_S,
            path=self._path,
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )
        return response

    def end(self, request: Request, state: str) -> str | None:
        """Where the browser wanted to go; None where it took no such state along, or too long ago."""
        try:
            kept, then = self._kept.loads(request.cookies.get(self._name, ""), max_age=LASTS_S)
        except (BadSignature, ValueError):
            return None
        return str(then) if state and hmac.compare_digest(str(kept).encode(), state.encode()) else None

    def forget(self, response: Response) -> None:
        """A state serves once."""
        response.delete_cookie(self._name, path=self._path)
