"""WeCom as a small web application in memory: tokens, messages, cards that can be tapped, scripted errors.

`platform.http()` gives the bot its client; `say`, `tap`, `enter` and `check` give the envelopes that WeCom would send.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels import Envelope
from bot.settings import WeComSettings
from tests.fakes.wecom_pages import Pages
from tests.fakes.wecom_rules import first_card_error, first_error
from tests.fakes.wecom_seal import Seal

Json = dict[str, Any]
CORP, AGENT, SECRET = "ww1234567890abcdef", 1000002, "app-secret"
TOKEN, AES_KEY = "simtoken01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CODE_LASTS = timedelta(hours=72)


def settings(**changes: Any) -> WeComSettings:
    """What an operator would have set for this platform."""
    values = {"corp_id": CORP, "agent_id": AGENT, "secret": SECRET, "token": TOKEN, "aes_key": AES_KEY}
    return WeComSettings.model_validate(values | changes)


@dataclass
class Shown:
    """A message as one person sees it now; `content` of a card changes with its updates."""

    user: str
    kind: str
    content: Json
    msgid: str
    task: str = ""
    updates: list[Json] = field(default_factory=list)


@dataclass
class Code:
    shown: Shown
    issued: datetime
    used: bool = False


class WeComPlatform:
    def __init__(
        self, users: tuple[str, ...] = ("zhangsan", "lisi", "chenjing"), now: datetime | None = None
    ) -> None:
        self.users = users
        self.now = now or datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
        self.seal = Seal(TOKEN, AES_KEY, CORP)
        self.messages: list[Shown] = []
        self.schedules: list[Json] = []
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, Json]] = []
        self.tokens: dict[str, datetime] = {}
        self.media: dict[str, tuple[str, bytes]] = {}
        """Files people sent, by media id: name and bytes."""
        self.pages = Pages(lambda: self.now)
        self.before_answer: Callable[[str], Any] | None = None
        """Called with the path of each call, after it has worked; may wait, or raise as a broken line would."""
        self._scripts: dict[str, deque[int | Response]] = {}
        self._codes: dict[str, Code] = {}
        self._seen: dict[bytes, datetime] = {}
        self._numbers = itertools.count(1)

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._app()))

    def clock(self) -> datetime:
        return self.now

    def script(self, path: str, *answers: int | Response) -> None:
        """Error codes (or whole responses) that the next calls of a path get instead of working."""
        self._scripts.setdefault(path, deque()).extend(answers)

    def forget_tokens(self) -> None:
        """Make every token invalid early, as the platform may."""
        self.tokens.clear()

    def inbox(self, user: str) -> list[Shown]:
        return [shown for shown in self.messages if shown.user == user.lower()]

    def say(self, user: str, text: str, msgid: str | None = None) -> Envelope:
        number = msgid or str(7_000_000_000_000_000_000 + next(self._numbers))
        return self._post(user, "text", f"<Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId>")

    def send(self, user: str, kind: str) -> Envelope:
        """A message of another kind: image, voice, video, location, link."""
        inner = f"<MediaId><![CDATA[m1]]></MediaId><MsgId>{7_000_000_000_000_000_000 + next(self._numbers)}</MsgId>"
        return self._post(user, kind, inner)

    def send_file(self, user: str, name: str, content: bytes) -> Envelope:
        """A file, kept for whoever asks by its media id."""
        number = next(self._numbers)
        self.media[f"media-{number}"] = name, content
        inner = f"<MediaId><![CDATA[media-{number}]]></MediaId><MsgId>{7_000_000_000_000_000_000 + number}</MsgId>"
        return self._post(user, "file", inner)

    def event(self, user: str, event: str, inner: str = "") -> Envelope:
        return self._post(user, "event", f"<Event><![CDATA[{event}]]></Event>{inner}")

    def enter(self, user: str) -> Envelope:
        return self.event(user, "enter_agent", "<EventKey><![CDATA[]]></EventKey>")

    def check(self, words: str = "1234567890123456789") -> Envelope:
        return self.seal.check(words, self.now)

    def tap(self, shown: Shown, button: str, selected: Mapping[str, str] | None = None) -> Envelope:
        """Tap the button with that text on a card as it is shown now; `selected` is the dropdown's choice."""
        card = shown.content
        if "replace_text" in card:
            raise AssertionError(f"the card shows {card['replace_text']!r} instead of buttons")
        key = next(one["key"] for one in card["button_list"] if one["text"] == button and not one.get("type"))
        return self.event(
            shown.user, "template_card_event", _tapped(shown, key, self._issue(shown), selected)
        )

    def _post(self, user: str, kind: str, inner: str) -> Envelope:
        xml = (
            f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>"
            f"<CreateTime>{int(self.now.timestamp())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
            f"{inner}<AgentID>{AGENT}</AgentID></xml>"
        )
        return self.seal.post(xml, self.now)

    def _issue(self, shown: Shown) -> str:
        code = f"RC-{next(self._numbers):04d}"
        self._codes[code] = Code(shown, self.now)
        return code

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/cgi-bin/gettoken", self._gettoken, methods=["GET"]),
                Route("/cgi-bin/media/get", self._media, methods=["GET"]),
                Route("/cgi-bin/message/send", self._api("message/send", self._send), methods=["POST"]),
                Route(
                    "/cgi-bin/message/update_template_card",
                    self._api("message/update_template_card", self._update),
                    methods=["POST"],
                ),
                Route(
                    "/cgi-bin/oa/schedule/add", self._api("oa/schedule/add", self._schedule), methods=["POST"]
                ),
                self._asked("get_jsapi_ticket", self.pages.ticket),
                self._asked("ticket/get", self.pages.ticket),
                self._asked("auth/getuserinfo", self.pages.user),
                self._asked("externalcontact/get", self.pages.contact),
            ]
        )

    async def _gettoken(self, request: Request) -> Response:
        self.calls["gettoken"] += 1
        if scripted := self._scripted("gettoken"):
            return scripted
        if dict(request.query_params) != {"corpid": CORP, "corpsecret": SECRET}:
            return _error(40001)
        token = f"token-{next(self._numbers)}"
        self.tokens[token] = self.now + timedelta(seconds=7200)
        await self._answering("gettoken")
        return JSONResponse({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200})

    async def _media(self, request: Request) -> Response:
        self.calls["media/get"] += 1
        if scripted := self._scripted("media/get"):
            return scripted
        if request.query_params.get("access_token") not in self.tokens:
            return _error(40014)
        kept = self.media.get(request.query_params.get("media_id", ""))
        if kept is None:
            return _error(40007)
        name = f"attachment; filename*=UTF-8''{quote(kept[0])}"
        return Response(kept[1], headers={"Content-disposition": name})

    def _asked(self, path: str, work: Callable[[Mapping[str, str]], Json]) -> Route:
        """What is asked by GET."""

        async def endpoint(request: Request) -> Response:
            self.calls[path] += 1
            query = dict(request.query_params)
            if refused := self._scripted(path) or self._unauthorised(query.pop("access_token", "")):
                return refused
            answer = work(query)
            await self._answering(path)
            return JSONResponse({"errcode": 0, "errmsg": "ok", **answer})

        return Route(f"/cgi-bin/{path}", endpoint, methods=["GET"])

    def _unauthorised(self, token: str) -> Response | None:
        until = self.tokens.get(token)
        return None if until and until > self.now else _error(40014 if until is None else 42001)

    def _api(self, path: str, work: Callable[[Json], Json]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            self.calls[path] += 1
            if scripted := self._scripted(path):
                return scripted
            if refused := self._unauthorised(request.query_params.get("access_token", "")):
                return refused
            body = orjson.loads(await request.body())
            self.bodies.append((path, body))
            answer = work(body)
            await self._answering(path)
            return JSONResponse({"errcode": 0, "errmsg": "ok", **answer})

        return endpoint

    async def _answering(self, path: str) -> None:
        if self.before_answer and (waits := self.before_answer(path)) is not None:
            await waits

    def _scripted(self, path: str) -> Response | None:
        queue = self._scripts.get(path)
        answer = queue.popleft() if queue else None
        return _error(answer) if isinstance(answer, int) else answer

    def _send(self, body: Json) -> Json:
        if code := first_error(body):
            return {"errcode": code, "errmsg": "rule"}
        raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        window = timedelta(seconds=body.get("duplicate_check_interval", 1800))
        if body.get("enable_duplicate_check") and raw in self._seen and self.now - self._seen[raw] < window:
            return {"msgid": "duplicate"}
        known = [user for user in body["touser"].split("|") if user.lower() in self.users]
        if not known:
            return {"errcode": 81013, "errmsg": "user & party & tag all invalid"}
        task = body.get("template_card", {}).get("task_id", "")
        if task and any(shown.task == task for shown in self.messages):
            return {"errcode": 42014, "errmsg": "task_id exists"}
        self._seen[raw] = self.now
        return self._delivered(body, known, task)

    def _delivered(self, body: Json, known: list[str], task: str) -> Json:
        msgid = f"m{next(self._numbers)}"
        answer: Json = {"msgid": msgid, "invaliduser": ""}
        for user in known:
            shown = Shown(user.lower(), body["msgtype"], body[body["msgtype"]], msgid, task)
            self.messages.append(shown)
            if shown.content.get("card_type") == "button_interaction":
                answer["response_code"] = self._issue(shown)
        return answer

    def _update(self, body: Json) -> Json:
        code = self._codes.get(body.get("response_code", ""))
        if code is None or code.used or self.now - code.issued > CODE_LASTS:
            return {"errcode": 60140, "errmsg": "response_code invalid"}
        if error := first_card_error(body["template_card"], updating=True):
            return {"errcode": error, "errmsg": "rule"}
        if code.shown.content.get("card_type") != "button_interaction":
            return {"errcode": 60140, "errmsg": "a notice cannot be updated"}
        code.used = True
        strangers = [user for user in body["userids"] if user.lower() != code.shown.user]
        if not strangers:
            code.shown.updates.append(body["template_card"])
            code.shown.content = body["template_card"]
        return {"invaliduser": [user.lower() for user in strangers]}

    def _schedule(self, body: Json) -> Json:
        schedule = body["schedule"]
        people = {one["userid"] for one in schedule["attendees"]}
        if schedule["end_time"] <= schedule["start_time"] or not set(schedule["admins"]) <= people:
            return {"errcode": 40058, "errmsg": "rule"}
        if (
            len(schedule["summary"]) > 128
            or len(schedule["description"]) > 1000
            or len(schedule["location"]) > 128
        ):
            return {"errcode": 40058, "errmsg": "rule"}
        self.schedules.append(schedule)
        return {"schedule_id": f"s{next(self._numbers)}"}


def _error(code: int) -> JSONResponse:
    return JSONResponse(
        {"errcode": code, "errmsg": f"scripted {code}, hint: [1700000000], from ip: 10.0.0.8"}
    )


def _tapped(shown: Shown, key: str, code: str, selected: Mapping[str, str] | None) -> str:
    items = "".join(
        f"<SelectedItem><QuestionKey><![CDATA[{question}]]></QuestionKey>"
        f"<OptionIds><OptionId><![CDATA[{option}]]></OptionId></OptionIds></SelectedItem>"
        for question, option in (selected or {}).items()
    )
    return (
        f"<EventKey><![CDATA[{key}]]></EventKey><TaskId><![CDATA[{shown.task}]]></TaskId>"
        "<CardType><![CDATA[button_interaction]]></CardType>"
        f"<ResponseCode><![CDATA[{code}]]></ResponseCode>"
        + (f"<SelectedItems>{items}</SelectedItems>" if items else "")
    )
