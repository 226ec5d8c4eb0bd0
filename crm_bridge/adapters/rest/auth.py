"""Signing in as a mapping file says, with the credentials of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from crm_bridge.adapters import Access
from crm_bridge.adapters.rest.endpoints import AuthWay, filled
from crm_bridge.calling import Auth, BasicAuth, BearerAuth, NoAuth, SignInAuth
from crm_bridge.errors import CrmUnavailable
from crm_bridge.mapping import pick


def auth_for(way: AuthWay, access: Access) -> Auth:
    match way.type:
        case "none":
            return NoAuth()
        case "basic":
            return BasicAuth(access.user, access.password)
        case "header":
            return BearerAuth(access.token, way.header, way.scheme if way.header == "Authorization" else "")
        case "bearer":
            return BearerAuth(access.token)
        case _:
            return SignInAuth(_SignIn(way, access))


class _SignIn:
    """One request for a token; the answer says where it stands."""

    def __init__(self, way: AuthWay, access: Access) -> None:
        self._way, self._access = way, access

    async def __call__(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        way, access = self._way, self._access
        url = f"{access.base_url.rstrip('/')}/{way.token_path.lstrip('/')}"
        try:
            answer = await client.post(url, **self._request())
            token = pick(answer.json(), way.token) if answer.status_code < 400 else None
        except (httpx.HTTPError, ValueError) as error:
            raise CrmUnavailable(f"no sign-in at {url}: {type(error).__name__}") from error
        if not token:
            raise CrmUnavailable(
                f"no sign-in at {url}: HTTP {answer.status_code} without a token at {way.token}"
            )
        return {way.header: f"{way.scheme} {token}".strip()}

    def _request(self) -> dict[str, Any]:
        access = self._access
        known = {
            name: getattr(access, name)
            for name in ("user", "password", "client_id", "client_secret", "tenant", "database")
        }
        if self._way.type == "login":
            return {"json": filled(self._way.body, known)}
        asked = {
            "grant_type": "client_credentials",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
        }
        return {"data": asked | filled(self._way.body, known)}
