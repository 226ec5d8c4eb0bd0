"""WeCom as far as the bench needs it: tokens, messages, cards that change, calendars; it remembers all that arrived.

Like the real one it drops a message whose JSON it has had within the duplicate-check interval, lets a response code
change a card once, and refuses what `wecom_shapes` finds wrong. No I/O: `wecom_server` puts it behind HTTP.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from .wecom_shapes import Body, schedule_error, send_error, update_error

Answer = dict[str, Any]
TOKEN_LASTS = 7200
CODE_LASTS = 72 * 3600.0


@dataclass(frozen=True)
class Arrival:
    """One accepted or refused call. `at` is the machine's monotonic clock, which all its processes share."""

    number: int
    at: float
    api: str
    user: str
    kind: str
    """text, markdown, template_card, update or schedule."""
    task_id: str
    errcode: int
    collapsed: bool
    """The same JSON had arrived before, so nobody saw it a second time."""
    body: Mapping[str, Any]

    @property
    def was_seen(self) -> bool:
        """Whether it reached a person's phone as a message of its own."""
        return self.api == "message/send" and not self.errcode and not self.collapsed


class CannotTap(Exception):
    """There is no such card or button on that person's phone."""


@dataclass
class ShownCard:
    """A card on a phone, as it looks now."""

    user: str
    task_id: str
    card: Body

    @property
    def keys(self) -> list[str]:
        """What can be tapped: nothing, once a grey label stands in the buttons' place."""
        if self.card.get("replace_text"):
            return []
        return [str(one["key"]) for one in self.card.get("button_list", []) if one.get("type", 0) == 0]


@dataclass
class _Code:
    task_id: str
    at: float
    used: bool = False


@dataclass
class WeComPlatform:
    """One company with one app."""

    corp_id: str
    secret: str
    agent_id: int
    clock: Callable[[], float] = time.monotonic
    arrivals: list[Arrival] = field(default_factory=list)
    cards: dict[tuple[str, str], ShownCard] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _sent: dict[bytes, float] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def access_token(self) -> str:
        return f"token-of-{self.corp_id}-{self.agent_id}"

    def gettoken(self, corp_id: str, secret: str) -> Answer:
        if (corp_id, secret) != (self.corp_id, self.secret):
            return _error(40001 if corp_id == self.corp_id else 40013)
        return {**_error(0), "access_token": self.access_token, "expires_in": TOKEN_LASTS}

    def send(self, token: str, body: Body) -> Answer:
        """`message/send`. A card's answer carries a code that may change it once before any tap."""
        code = self._refused(token) or send_error(body, self.agent_id)
        card = body.get("template_card") or {}
        task_id = str(card.get("task_id", ""))
        collapsed = not code and self._had_before(body)
        if not code and not collapsed and task_id and any(key[1] == task_id for key in self.cards):
            code = 42014  # unique per app; the platform's pages name no code for a repeated one
        self._note(
            "message/send", body, code, str(body.get("msgtype")), str(body.get("touser")), task_id, collapsed
        )
        if code:
            return _error(code)
        answer = {**_error(0), "invaliduser": "", "msgid": f"msg-{len(self.arrivals)}"}
        if not task_id:
            return answer
        for user in str(body["touser"]).lower().split("|"):
            self.cards.setdefault((user, task_id), ShownCard(user, task_id, card))
        return {**answer, "response_code": self._new_code(task_id)}

    def update(self, token: str, body: Body) -> Answer:
        """`message/update_template_card`: each response code once, within 72 hours."""
        error = self._refused(token) or update_error(body, self.agent_id)
        code = self._codes.get(str(body.get("response_code")))
        if not error and (code is None or code.used or self.clock() - code.at > CODE_LASTS):
            error = 60140
        users = [str(user).lower() for user in body.get("userids", [])]
        task_id = code.task_id if code else ""
        self._note("message/update_template_card", body, error, "update", "|".join(users), task_id)
        if error or code is None:
            return _error(error)
        code.used = True
        return {
            **_error(0),
            "invaliduser": [user for user in users if not self._change(user, code.task_id, body)],
        }

    def schedule(self, token: str, body: Body) -> Answer:
        code = self._refused(token) or schedule_error(body)
        admins = body.get("schedule", {}).get("admins", [])
        self._note("oa/schedule/add", body, code, "schedule", "|".join(admins))
        return _error(code) if code else {**_error(0), "schedule_id": f"schedule-{len(self.arrivals)}"}

    def tap(self, user: str, task_id: str, key: str) -> str:
        """A person taps a button; returns the event's response code. Raises `CannotTap`."""
        shown = self.cards.get((user.lower(), task_id))
        if shown is None or key not in shown.keys:
            raise CannotTap(f"{user} has no button {key!r} on card {task_id}")
        return self._new_code(task_id)

    def _change(self, user: str, task_id: str, body: Body) -> bool:
        shown = self.cards.get((user, task_id))
        if shown is None:
            return False
        if "template_card" in body:
            shown.card = body["template_card"]
        else:
            shown.card = {**shown.card, "replace_text": body["button"]["replace_name"]}
        return True

    def _refused(self, token: str) -> int:
        return 0 if token == self.access_token else 40014

    def _had_before(self, body: Body) -> bool:
        if not body.get("enable_duplicate_check"):
            return False
        raw, now = orjson.dumps(body, option=orjson.OPT_SORT_KEYS), self.clock()
        before = self._sent.get(raw)
        if before is not None and now - before < float(body.get("duplicate_check_interval", 1800)):
            return True
        self._sent[raw] = now
        return False

    def _new_code(self, task_id: str) -> str:
        name = f"code-{next(self._numbers)}"
        self._codes[name] = _Code(task_id, self.clock())
        return name

    def _note(
        self,
        api: str,
        body: Body,
        code: int,
        kind: str,
        user: str,
        task_id: str = "",
        collapsed: bool = False,
    ) -> None:
        number = len(self.arrivals) + 1
        self.arrivals.append(Arrival(number, self.clock(), api, user, kind, task_id, code, collapsed, body))


def _error(code: int) -> Answer:
    return {"errcode": code, "errmsg": "ok" if not code else f"refused by the stub platform with {code}"}
