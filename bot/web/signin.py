"""Who opens a page: a link says which decision, never who holds it, so people show themselves by a code sent to their chat.

The code is derived, not stored: it holds for the person and the ten minutes it was made in (RFC 6238's idea). Wrong tries
are counted, and a right one sets a cookie for thirty days.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

COOKIE = "yiju_person"
LASTS = timedelta(days=30)
CODE_HOLDS_S = 600
MOST_TRIES = 5


def is_in_wecom(request: Request) -> bool:
    """Whether this is WeCom's in-app browser, where signing in costs no tap."""
    return "wxwork" in request.headers.get("user-agent", "").lower()


def is_in_dingtalk(request: Request) -> bool:
    """Whether this is DingTalk's in-app browser, which knows the person as well."""
    return "dingtalk" in request.headers.get("user-agent", "").lower()


IN_APP: Mapping[str, Callable[[Request], bool]] = {"wecom": is_in_wecom, "dingtalk": is_in_dingtalk}
"""Channels whose own browser says who somebody is."""


@dataclass
class SignIn:
    """Makes and checks codes and cookies."""

    secret: str
    secure: bool
    """Cookies only over HTTPS; set where the public address is HTTPS."""
    clock: Callable[[], datetime]
    _tries: dict[tuple[str, int], int] = field(default_factory=dict)

    def code_for(self, user: str) -> str:
        return self._code(user, self._window())

    def check(self, user: str, code: str) -> bool:
        """Whether this is the person's code of this or the last window; after five wrong tries none is."""
        window = self._window()
        tries = self._tries.get((user, window), 0)
        if tries >= MOST_TRIES:
            return False
        good = any(
            hmac.compare_digest(self._code(user, at).encode(), code.strip().encode())
            for at in (window, window - 1)
        )
        if not good:
            self._tries = {key: count for key, count in self._tries.items() if key[1] == window}
            self._tries[user, window] = tries + 1
        return good

    def remember(self, response: Response, user: str) -> None:
        response.set_cookie(
            COOKIE,
            self._signer().dumps(user),
            max_age=int(LASTS.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self.secure,
        )

    def who(self, request: Request) -> str | None:
        """The user id of whoever signed in with this browser."""
        try:
            return str(
                self._signer().loads(request.cookies.get(COOKIE, ""), max_age=int(LASTS.total_seconds()))
            )
        except BadSignature:
            return None

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="person")

    def _window(self) -> int:
        return int(self.clock().timestamp()) // CODE_HOLDS_S

    def _code(self, user: str, window: int) -> str:
        digest = hmac.digest(self.secret.encode(), f"signin\0{user}\0{window}".encode(), hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"
