"""What DingTalk's error codes mean for us: try later, or never (page "server-api-error-codes-1").

Throttling comes as HTTP 403, so the code decides, not the status.
"""

from __future__ import annotations

from typing import Any

import httpx

from bot.channels import ChannelBusy, ChannelError, ChannelRefused

TOKEN_CODES = frozenset({"InvalidAuthentication", "40014", "42001", "40001", "41001"})
FLOOD_PAUSE_S = 300.0
"""An address that called too often is blocked for five minutes, with a page that is not the usual envelope."""
_PAUSES = {
    "QpsLimit": 1.5,
    "QpmLimit": 60.0,
    "qps.exceed.limit": 1.5,
    "system.busy": 2.0,
    "systemBusy": 2.0,
    "system.error": 2.0,
    "unknownError": 5.0,
    "send.too.fast": 5.0,
    "idempotencyProcessing": 1.0,
    "lockError": 1.0,
    "90018": 1.5,
    "90002": 1.5,
    "-1": 2.0,
    "15": 2.0,
}
_OPERATORS = (
    "Forbidden",
    "ApiCountLimitForOrg",
    "invalidClientIdOrSecret",
    "authFailed",
    "param.templateNotExist",
    "param.templateUnpublished",
    "param.cardTemplateIdEmpty",
    "param.callback",
    "invalidParameter.robotCode",
    "chatbotId.notAllow",
    "bot.stopped",
    "bot.forbidden",
    "permissionDeny",
    "60011",
    "43007",
    "60020",
    "90020",
    "88",
)


def of_response(response: httpx.Response) -> ChannelError | None:
    """The error of a new-API answer (`code`, `message`), None where it went well."""
    if response.is_success and isinstance(_json(response), dict) and not _is_flood(_json(response)):
        return None
    body = _json(response)
    if not isinstance(body, dict) or _is_flood(body):
        if response.status_code >= 500:
            return ChannelBusy(
                f"DingTalk answered {response.status_code} without a body", str(response.status_code), 2.0
            )
        return ChannelBusy("DingTalk blocks this address for calling too often", "flood", FLOOD_PAUSE_S)
    return of_code(str(body.get("code", "")), _message(body), response.status_code)


def of_errcode(body: Any) -> ChannelError | None:
    """The error of an old-API answer (`errcode`, `errmsg`; a number or a string in official samples)."""
    code = str(body.get("errcode", "0"))
    return None if code == "0" else of_code(code, str(body.get("errmsg", "")))


def of_code(code: str, message: str, status: int = 400) -> ChannelError:
    said = f"DingTalk: {message or 'no message'} ({code or status})"
    for part, pause in _PAUSES.items():
        if part == code or (part in code and not part.lstrip("-").isdigit()):
            return ChannelBusy(said, code, pause)
    alert = any(code == known if known.isdigit() else known in code for known in _OPERATORS)
    if (status == 429 or status >= 500) and not alert:
        return ChannelBusy(said, code or str(status), 2.0)
    return ChannelRefused(said, code, alert)


def of_transport(error: httpx.RequestError) -> ChannelBusy:
    """A time-out or a broken line: whether it was done is not known."""
    return ChannelBusy(f"DingTalk cannot be reached: {type(error).__name__}", "network", 2.0)


def of_file(status: int) -> ChannelError:
    """A file's address lives for minutes; later, and for a stranger, it answers 4xx."""
    if status >= 500 or status == 429:
        return ChannelBusy(f"DingTalk's file store answered {status}", str(status), 2.0)
    return ChannelRefused(f"DingTalk's file store answered {status}; the address ran out or moved", "gone")


def is_token_problem(error: ChannelError | None) -> bool:
    return error is not None and error.code in TOKEN_CODES


def _message(body: dict[str, Any]) -> str:
    """With the permissions that are missing, so that an operator knows what to ask for."""
    denied = body.get("accessdenieddetail")
    scopes = denied.get("requiredScopes") if isinstance(denied, dict) else None
    lacking = f"; the app lacks {', '.join(map(str, scopes))}" if scopes else ""
    return f"{body.get('message', '')}{lacking}"


def _is_flood(body: Any) -> bool:
    return isinstance(body, dict) and body.get("punish") is not None


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
