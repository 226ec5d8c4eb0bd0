"""What each `errcode` of WeCom means for us ("全局错误码", path/90313). Their texts are never matched on.

Codes that are not listed here are refusals that an operator should see: most are mistakes in our own request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.channels import ChannelBusy, ChannelError, ChannelRefused

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""Worth one new token and one more try. 40001 from `gettoken` itself means a wrong secret."""
CODE_IS_USED = 60140
"""The response code of a card was used, is older than 72 hours or unknown."""
NO_MEDIA = 40007
"""The media id is unknown or older than three days."""
TASK_EXISTS = 42014
"""Task id illegal. Ours are legal by construction, so the card with that id is there already."""


@dataclass(frozen=True)
class Verdict:
    """What to do next, in words for an operator; `after`: seconds until another try is worth it."""

    advice: str
    after: float | None = None
    alert: bool = False


def _busy(advice: str, after: float) -> Verdict:
    return Verdict(advice, after=after)


def _operator(advice: str) -> Verdict:
    return Verdict(advice, alert=True)


_PERSON = Verdict("the person left, or is outside the app's visible range")
_SETTINGS = _operator("check YIJU_WECOM__CORP_ID, __AGENT_ID and __SECRET")
_ASLEEP = _operator(
    "the app is disabled or lost a permission after long disuse; switch it on in the admin console"
)
_OURS = _operator("WeCom finds our request wrong; report it with this code")
_CONTENT = Verdict("WeCom blocks the content or finds it empty or too long")

VERDICTS: Mapping[int, Verdict] = MappingProxyType({
    -1: _busy("the system is busy", 1.0),
    45009: _busy("too many calls; wait until the window has passed", 60.0),
    45033: _busy("too many calls at once", 1.0),
    40001: _operator("the app's secret is wrong or the app is stopped; check YIJU_WECOM__SECRET"),
    40014: _busy("the new access token is not accepted yet", 5.0),
    42001: _busy("the new access token is not accepted yet", 5.0),
    40013: _SETTINGS, 40056: _SETTINGS, 41001: _SETTINGS, 41002: _SETTINGS, 41004: _SETTINGS, 41011: _SETTINGS,
    301002: _SETTINGS,
    40003: _PERSON, 60111: _PERSON, 46004: _PERSON, 60011: _PERSON, 50002: _PERSON, 81013: _PERSON,
    NO_MEDIA: Verdict("the file is kept for three days and is not there any more"),
    40201: _CONTENT, 44004: _CONTENT, 45002: _CONTENT,
    43012: _operator("the app has no callback address; set 接收消息 in the admin console"),
    48002: _operator("the app may not call this API; grant it in the admin console"),
    48006: _ASLEEP, 50003: _ASLEEP,
    60020: _operator("this server's address is not among the app's trusted IPs (企业可信IP)"),
    CODE_IS_USED: Verdict("the card's response code was used or ran out"),
    90472: _operator("the app may not book schedules; allow it under 日程"),
    90479: Verdict("the schedule belongs to a person, an app cannot change it"),
    90708: Verdict("the organizer has no default calendar; they open 日程 once in the client"),
})  # fmt: skip


def error_for(code: int, text: str, what: str) -> ChannelError:
    """The exception that an `errcode` deserves. `text` is WeCom's own (it names the caller's address in 60020)."""
    verdict = VERDICTS.get(code, _OURS)
    message = f"WeCom answered {code} to {what}: {verdict.advice} ({text[:200]})"
    if verdict.after is not None:
        return ChannelBusy(message, str(code), verdict.after)
    return ChannelRefused(message, str(code), verdict.alert)
