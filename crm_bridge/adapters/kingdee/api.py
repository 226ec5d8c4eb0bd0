"""Kingdee's WebAPI: a signed session, services that take JSON, and errors that come inside HTTP 200."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.calling import Caller, Kind, Limit, Manner, Problem, SignInAuth, by_status
from crm_bridge.errors import CrmUnavailable

PREFIX = "Kingdee.BOS.WebApi.ServicesStub."
CHINESE = 2052
_OPENED = {1, -5}
"""Signed in; signed in with a form that a person should see one day."""
_SESSION_LOST = 1
_SAYS = (
    ("会话信息已丢失", Kind.AUTH_EXPIRED),
    ("并发", Kind.THROTTLED),
    ("频繁", Kind.THROTTLED),
    ("已存在", Kind.DUPLICATE),
    ("唯一性", Kind.DUPLICATE),
    ("权限", Kind.FORBIDDEN),
)
"""There are no codes to go by. Everything else is for the rep to read: 单据已审核,不允许修改."""


class KingdeeApi:
    """Calls one account set as one integration user. `digest`: sha256, before 8.0.0.202205 sha1."""

    def __init__(
        self,
        base_url: str,
        account_set: str,
        user: str,
        app_id: str,
        secret: str,
        clock: Callable[[], datetime],
        timeout_s: float = 10.0,
        digest: str = "sha256",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._signer = (account_set, user, app_id)
        self._secret = secret
        self.clock = clock
        self._digest = digest
        self.offset: timedelta | None = None
        """What the server's clock differs from UTC by, once signed in."""
        root = base_url.rstrip("/")
        root = root if root.lower().endswith("/k3cloud") else f"{root}/K3Cloud"
        # no limit is published; four at once is what an account set bears
        manner = Manner(timeout_s=timeout_s, limits=(Limit(20, 1),), side_by_side=4)
        self.caller = Caller("kingdee", root, SignInAuth(self._sign_in), judge, manner, transport=transport)

    async def ask(self, service: str, body: Any) -> Any:
        return await self._call(service, body, repeatable=True)

    async def write(self, service: str, form: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The `Result` of an operation on a form."""
        answer = await self._call(service, {"formid": form, "data": data}, repeatable=False)
        result: dict[str, Any] = answer["Result"]
        return result

    async def close(self) -> None:
        await self.caller.close()

    async def _call(self, service: str, body: Any, repeatable: bool) -> Any:
        path = f"{PREFIX}DynamicFormService.{service}.common.kdsvc"
        return _parsed(await self.caller.call("POST", path, json=body, repeatable=repeatable))

    async def _sign_in(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        stamp = str(int(self.clock().timestamp()))
        signed = signature(*self._signer, self._secret, stamp, self._digest)
        path = f"{self.caller.base_url}/{PREFIX}AuthService.LoginBySign.common.kdsvc"
        try:
            answer = await client.post(path, json={"parameters": [*self._signer, stamp, signed, CHINESE]})
        except httpx.HTTPError as error:
            raise CrmUnavailable(
                f"kingdee cannot be reached at {self.caller.base_url}: {type(error).__name__}"
            ) from error
        said = _parsed(answer)
        if not isinstance(said, dict) or said.get("LoginResultType") not in _OPENED:
            words = said.get("Message") if isinstance(said, dict) else None
            raise CrmUnavailable(
                f"kingdee signs us in to no account set ({words or complaint_of(said)[1] or answer.status_code});"
                " look at the account set's id, the user, and whether the app is enabled for this address"
            )
        ticks = ((said.get("Context") or {}).get("UTimeZone") or {}).get("OffsetTicks")
        self.offset = None if ticks is None else timedelta(seconds=int(ticks) / 1e7)
        # the cookies that came along stay in the client
        return {"kdservice-sessionid": str(said["KDSVCSessionId"])}


def signature(
    account_set: str, user: str, app_id: str, secret: str, stamp: str, digest: str = "sha256"
) -> str:
    """Of LoginBySign: the five values in their byte order, one after the other, hashed."""
    joined = "".join(sorted((account_set, user, app_id, secret, stamp)))
    return hashlib.new(digest, joined.encode()).hexdigest()


def judge(response: httpx.Response) -> Problem | None:
    if problem := by_status(response):
        return problem
    text = response.text.lstrip()
    if text.startswith("response_error:"):
        return Problem(Kind.BROKEN, text[:200])
    if text.startswith("<"):
        return Problem(Kind.AUTH_EXPIRED, "the answer is the sign-in page")
    try:
        failed, words, code = complaint_of(json.loads(text))
    except ValueError:
        return Problem(Kind.BROKEN, f"the answer is no JSON: {text[:100]}")
    if not failed:
        return None
    if code == _SESSION_LOST:
        return Problem(Kind.AUTH_EXPIRED, words)
    return Problem(next((kind for said, kind in _SAYS if said in words), Kind.INVALID), words)


def complaint_of(answer: Any) -> tuple[bool, str, Any]:
    """Whether it failed, why, and its `MsgCode`. A query wraps the envelope of an error into lists, like rows."""
    while isinstance(answer, list) and answer:
        answer = answer[0]
    result = answer.get("Result") if isinstance(answer, dict) else None
    status = result.get("ResponseStatus") if isinstance(result, dict) else None
    if not isinstance(status, dict):
        return False, "", None
    errors = status.get("Errors") or ()
    words = ";".join(dict.fromkeys(str(one.get("Message") or "") for one in errors))
    return not status.get("IsSuccess"), words[:200], status.get("MsgCode")


def _parsed(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError as error:
        raise CrmUnavailable(
            f"kingdee answered {response.url.path} with something that is no JSON (HTTP {response.status_code})"
        ) from error
