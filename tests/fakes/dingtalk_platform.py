"""DingTalk's HTTP side as a small app: field shapes, limits and error codes as documented, stricter than the cloud.

`transport` plugs it into httpx. It can be told to fail (`fail`), and to do a thing and lose the answer (`lose_answer`).
"""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET, ROBOT, TEMPLATE = "dingkey", "this is a secret", "dingkey", "tpl-1.schema"
CREATE_KEYS = {"outTrackId", "cardTemplateId", "callbackType", "callbackRouteKey", "userIdType", "cardData", "openSpaceId",
               "imRobotOpenSpaceModel", "imRobotOpenDeliverModel", "privateData"}  # fmt: skip
UPDATE_KEYS = {"outTrackId", "cardData", "privateData", "cardUpdateOptions", "userIdType"}
Handler = Callable[[Request, dict[str, Any]], Awaitable[Response]]


class Refused(Exception):
    def __init__(self, code: str, status: int = 400, **more: Any) -> None:
        super().__init__(code)
        self.response = JSONResponse(
            {"code": code, "message": code, "requestid": "R1", **more}, status_code=status
        )


@dataclass
class DingTalkPlatform:
    users: dict[str, str] = field(
        default_factory=lambda: {"zhangsan": "union-zhangsan", "lisi": "union-lisi"}
    )
    externals: dict[str, str] = field(default_factory=dict)
    """Union ids of people outside the company whom its directory knows, by user id."""
    codes: dict[str, str] = field(default_factory=dict)
    """Codes of people who signed in on DingTalk's page, by union id; each holds once."""
    user_tokens: dict[str, str] = field(default_factory=dict)
    expire_in: int = 7200
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    deliveries: list[tuple[str, str]] = field(default_factory=list)
    """(outTrackId, userid) of every card that reached a chat."""
    undeliverable: list[str] = field(default_factory=list)
    """Messages of deliveries that are to fail, next first."""
    said: list[dict[str, Any]] = field(default_factory=list)
    session_said: list[dict[str, Any]] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """What people sent to the robot, by its download code."""
    file_store: str = "http://api.dingtalk.test"
    tickets: set[str] = field(default_factory=set)
    endpoint: str = "wss://stream.dingtalk.test/connect"
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    """Issued so far; only the last one is valid, none after `revoke`."""
    valid: str = ""
    scripted: defaultdict[str, list[Response | None]] = field(default_factory=lambda: defaultdict(list))
    lost: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def fail(self, path: str, code: str, status: int = 400, **more: Any) -> None:
        """The next call of a path ends so."""
        self.scripted[path].append(Refused(code, status, **more).response)

    def answer(self, path: str, body: dict[str, Any]) -> None:
        """The next call of a path gets this answer."""
        self.scripted[path].append(JSONResponse(body))

    def let_through(self, path: str) -> None:
        """The next call of a path is an ordinary one, before what is scripted after it."""
        self.scripted[path].append(None)

    def lose_answer(self, path: str) -> None:
        """The next call of a path is carried out, and its caller never hears of it."""
        self.lost[path] += 1

    def revoke(self) -> None:
        self.valid = ""

    def count(self, path: str) -> int:
        return sum(called == path for _, called, _ in self.calls)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return _Line(self)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST", "PUT"])])

    async def _serve(self, request: Request) -> Response:
        body = json.loads(await request.body() or b"{}")
        path = request.url.path
        self.calls.append((request.method, path, body))
        if self.scripted[path] and (response := self.scripted[path].pop(0)):
            return response
        try:
            return await self._handler(request.method, path)(request, body)
        except Refused as refused:
            return refused.response

    def _handler(self, method: str, path: str) -> Handler:
        if method == "GET" and path.startswith("/store/"):
            return self._stored
        open_to_all: dict[str, Handler] = {
            "POST /v1.0/oauth2/accessToken": self._token,
            "POST /v1.0/gateway/connections/open": self._open,
            "POST /robot/sendBySession": self._by_session,
            "POST /topapi/v2/user/get": self._user,
            "POST /topapi/user/getbyunionid": self._by_union_id,
            "POST /v1.0/oauth2/userAccessToken": self._user_token,
            "GET /v1.0/contact/users/me": self._me,
        }
        guarded: dict[str, Handler] = {
            "POST /v1.0/card/instances/createAndDeliver": self._create,
            "POST /v1.0/card/instances/deliver": self._deliver,
            "PUT /v1.0/card/instances": self._update,
            "POST /v1.0/card/callbacks/register": self._register,
            "POST /v1.0/robot/oToMessages/batchSend": self._send,
            "POST /v1.0/robot/messageFiles/download": self._download,
        }
        called = f"{method} {path}"
        if called in open_to_all:
            return open_to_all[called]
        if called in guarded:
            return self._guarded(guarded[called])
        if method == "POST" and re.fullmatch(r"/v1.0/calendar/users/[^/]+/calendars/primary/events", path):
            return self._guarded(self._book)
        raise Refused("InvalidAction.NotFound", 404)

    def _guarded(self, handler: Handler) -> Handler:
        async def checked(request: Request, body: dict[str, Any]) -> Response:
            if not self.valid or request.headers.get("x-acs-dingtalk-access-token") != self.valid:
                raise Refused("InvalidAuthentication")
            return await handler(request, body)

        return checked

    async def _token(self, request: Request, body: dict[str, Any]) -> Response:
        if body != {"appKey": CLIENT_ID, "appSecret": CLIENT_SECRET}:
            raise Refused("invalidClientIdOrSecret")
        self.valid = f"token-{len(self.tokens) + 1}"
        self.tokens.append(self.valid)
        return JSONResponse({"accessToken": self.valid, "expireIn": self.expire_in})

    async def _open(self, request: Request, body: dict[str, Any]) -> Response:
        if (body["clientId"], body["clientSecret"]) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("authFailed", 401)
        assert request.headers["accept"] == "application/json"
        assert all(set(wanted) == {"type", "topic"} for wanted in body["subscriptions"])
        ticket = str(uuid.uuid4())
        self.tickets.add(ticket)
        return JSONResponse({"endpoint": self.endpoint, "ticket": ticket})

    async def _create(self, request: Request, body: dict[str, Any]) -> Response:
        _known(body, CREATE_KEYS)
        if body["cardTemplateId"] != TEMPLATE:
            raise Refused("param.templateNotExist")
        if body["callbackType"] not in {"STREAM", "HTTP"} or (
            body["callbackType"] == "HTTP" and not body["callbackRouteKey"]
        ):
            raise Refused("param.invalid")
        if (
            body["imRobotOpenDeliverModel"]["robotCode"] != ROBOT
            or body["imRobotOpenSpaceModel"]["supportForward"]
        ):
            raise Refused("param.openDeliverModelError")
        existed = body["outTrackId"] in self.cards
        if not existed:  # reusing an id with other data has no effect
            self.cards[body["outTrackId"]] = dict(_checked(body["cardData"]))
        results = [_delivered(body["openSpaceId"]) if existed else self._into_space(body)]
        return JSONResponse(
            {"success": True, "result": {"outTrackId": body["outTrackId"], "deliverResults": results}}
        )

    async def _deliver(self, request: Request, body: dict[str, Any]) -> Response:
        _known(body, {"outTrackId", "userIdType", "openSpaceId", "imRobotOpenDeliverModel"})
        if body["outTrackId"] not in self.cards:
            raise Refused("param.cardNotExist")
        return JSONResponse({"success": True, "result": [self._into_space(body)]})

    def _into_space(self, body: dict[str, Any]) -> dict[str, Any]:
        found = re.fullmatch(r"dtv1\.card//IM_ROBOT\.([^;/\s]+)", body["openSpaceId"])
        if not found:
            raise Refused("param.openSpaceIdInvalid")
        if found[1] not in self.users:
            raise Refused("param.userIdNotExist")
        if self.undeliverable:
            return {
                "spaceType": "IM_ROBOT",
                "spaceId": found[1],
                "success": False,
                "errorMsg": self.undeliverable.pop(0),
            }
        self.deliveries.append((body["outTrackId"], found[1]))
        return _delivered(body["openSpaceId"])

    async def _update(self, request: Request, body: dict[str, Any]) -> Response:
        _known(body, UPDATE_KEYS)
        if body["outTrackId"] not in self.cards:
            raise Refused("param.cardNotExist")
        by_key = (body.get("cardUpdateOptions") or {}).get("updateCardDataByKey")
        old = self.cards[body["outTrackId"]] if by_key else {}
        self.cards[body["outTrackId"]] = {**old, **_checked(body["cardData"])}
        return JSONResponse({"success": True, "result": True})

    async def _register(self, request: Request, body: dict[str, Any]) -> Response:
        _known(body, {"callbackRouteKey", "callbackUrl", "apiSecret", "forceUpdate"})
        self.callbacks[body["callbackRouteKey"]] = body
        return JSONResponse(
            {"success": True, "result": {"callbackUrl": body["callbackUrl"], "apiSecret": body["apiSecret"]}}
        )

    async def _send(self, request: Request, body: dict[str, Any]) -> Response:
        _known(body, {"robotCode", "userIds", "msgKey", "msgParam"})
        if body["robotCode"] != ROBOT:
            raise Refused("invalidParameter.robotCode.auth")
        if not 1 <= len(body["userIds"]) <= 20:
            raise Refused("invalidParameter.userIds.overMax")
        param = json.loads(body["msgParam"])
        kinds = {
            "sampleMarkdown": {"title", "text"},
            "sampleActionCard": {"title", "text", "singleTitle", "singleURL"},
        }
        if kinds.get(body["msgKey"]) != set(param) or len(body["msgParam"].encode()) > 15_000:
            raise Refused("invalidParameter.msgParam.invalid")
        unknown = [user for user in body["userIds"] if user not in self.users]
        self.said += [{"to": user, **param} for user in body["userIds"] if user in self.users]
        return JSONResponse(
            {"processQueryKey": "pqk", "invalidStaffIdList": unknown, "flowControlledStaffIdList": []}
        )

    async def _download(self, request: Request, body: dict[str, Any]) -> Response:
        if body["robotCode"] != ROBOT:
            raise Refused("invalidParameter.robotCode.auth")
        if body["downloadCode"] not in self.files:
            raise Refused("invalidParameter.downloadCode")
        return JSONResponse({"downloadUrl": f"{self.file_store}/store/{body['downloadCode']}.file"})

    async def _stored(self, request: Request, body: dict[str, Any]) -> Response:
        """An address of the file store: it carries its own right, and no token is sent there."""
        assert "x-acs-dingtalk-access-token" not in request.headers
        code = request.url.path.removeprefix("/store/").removesuffix(".file")
        return Response(self.files[code]) if code in self.files else Response("NoSuchKey", 404)

    async def _by_session(self, request: Request, body: dict[str, Any]) -> Response:
        if request.query_params.get("session") not in self.sessions:
            return JSONResponse({"errcode": 300001, "errmsg": "session 不存在"})
        assert body["msgtype"] == "markdown"
        assert set(body["markdown"]) == {"title", "text"}
        self.session_said.append(body["markdown"])
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def _user_token(self, request: Request, body: dict[str, Any]) -> Response:
        if (
            set(body) != {"clientId", "clientSecret", "code", "grantType"}
            or body["grantType"] != "authorization_code"
        ):
            raise Refused("invalidParameter")
        if (body["clientId"], body["clientSecret"]) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("invalidClientIdOrSecret")
        if body["code"] not in self.codes:
            raise Refused("invalidParameter.authCode.notFound")
        token = uuid.uuid4().hex
        self.user_tokens[token] = self.codes.pop(body["code"])
        return JSONResponse({"accessToken": token, "refreshToken": "r", "expireIn": 7200, "corpId": "ding1"})

    async def _me(self, request: Request, body: dict[str, Any]) -> Response:
        union = self.user_tokens.get(request.headers.get("x-acs-dingtalk-access-token", ""))
        if union is None:
            raise Refused("InvalidAuthentication")
        return JSONResponse({"nick": "张三", "unionId": union, "openId": "o1", "stateCode": "86"})

    async def _by_union_id(self, request: Request, body: dict[str, Any]) -> Response:
        if request.query_params.get("access_token") != self.valid or not self.valid:
            return JSONResponse({"errcode": "40014", "errmsg": "不合法的access_token"})
        for known, kind in ((self.users, 0), (self.externals, 1)):
            for user, union in known.items():
                if union == body["unionid"]:
                    found = {"userid": user, "contact_type": kind}
                    return JSONResponse({"errcode": 0, "errmsg": "ok", "result": found})
        return JSONResponse({"errcode": 60121, "errmsg": "找不到该用户"})

    async def _user(self, request: Request, body: dict[str, Any]) -> Response:
        if request.query_params.get("access_token") != self.valid or not self.valid:
            return JSONResponse({"errcode": "40014", "errmsg": "不合法的access_token"})
        if body["userid"] not in self.users:
            return JSONResponse({"errcode": 33012, "errmsg": "无效的USERID"})
        return JSONResponse(
            {
                "errcode": 0,
                "errmsg": "ok",
                "result": {"userid": body["userid"], "unionid": self.users[body["userid"]]},
            }
        )

    async def _book(self, request: Request, body: dict[str, Any]) -> Response:
        owner, key = request.url.path.split("/")[4], request.headers.get("x-client-token", "")
        if owner not in self.users.values() or any(
            guest["id"] not in self.users.values() for guest in body["attendees"]
        ):
            raise Refused("invalidParameter")
        assert body["start"]["timeZone"] == body["end"]["timeZone"] == "Asia/Shanghai"
        event = self.events.setdefault(key, {"id": f"event-{len(self.events) + 1}", "owner": owner, **body})
        return JSONResponse({**event})


class _Line(httpx.ASGITransport):
    """The way to the platform, which may lose answers."""

    def __init__(self, platform: DingTalkPlatform) -> None:
        super().__init__(platform.app)
        self._platform = platform

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self._platform.lost[request.url.path]:
            self._platform.lost[request.url.path] -= 1
            raise httpx.ReadTimeout("no answer", request=request)
        return response


def _known(body: dict[str, Any], keys: set[str]) -> None:
    if not set(body) <= keys or not body.get("outTrackId", "x"):
        raise Refused("param.invalid")


def _checked(data: dict[str, Any]) -> dict[str, str]:
    """`cardParamMap`: strings within 1 KB under names within 100 bytes."""
    variables = data["cardParamMap"]
    for name, value in variables.items():
        if not isinstance(value, str) or len(value.encode()) > 1024 or len(name.encode()) > 100:
            raise Refused("param.invalid")
    return dict(variables)


def _delivered(space: str) -> dict[str, Any]:
    return {"spaceType": "IM_ROBOT", "spaceId": space, "success": True, "carrierId": "carrier"}
