"""A strict 销售易: a login that names the pod, ids of 64 bits as numbers or texts, codes likewise, batches with a locator."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.fakes.systems.late import Late

Row = dict[str, Any]
_OWN = {"id": "id", "ownerId": "relation:user", "dimDepart": "relation:department", "createdAt": "date", "updatedAt": "date", "entityType": "id"}  # fmt: skip
_OF = {"accountId": "relation:account", "copilotKey__c": "text"}
SCHEMA: dict[str, dict[str, str]] = {
    "account": {
        "accountName": "text", "shortName__c": "text", "industryId": "relation:industry", "level": "select:1,2,3,4", "region__c": "text",
        "paymentDays__c": "integer", "comment": "textarea",
    },
    "contact": {"contactName": "text", "post": "text", "mobile": "text", **_OF},
    "opportunity": {
        "opportunityName": "text", "money": "currency", "saleStageId": "relation:stage", "closeDate": "date", "comment": "textarea", **_OF,
    },
    "quote": {"quoteName": "text", "amount": "currency", "status": "select:1,2,3,4", "validDate": "date", **_OF},
    "quoteLine": {
        "quoteId": "relation:quote", "productId": "relation:product", "quantity": "real", "unitPrice": "currency", "priceTotal": "currency",
    },
    "product": {"productName": "text", "productCode": "text"},
    "order": {
        "po": "text", "amount": "currency", "poStatus": "select:1,2,3,4", "transactionDate": "date", "deliveryDate": "date", **_OF,
    },
    "serviceCase": {"name": "text", "priority": "select:1,2,3", "caseStatus": "select:1,2,3,4", "description": "textarea", **_OF},
    "task": {"taskName": "text", "endTime": "date", "priority": "select:1,2,3", "description": "textarea", **_OF},
    "copilotMeeting__c": {
        "name": "text", "startTime__c": "date", "endTime__c": "date", "place__c": "text", "remark__c": "textarea", **_OF,
    },
    "activityrecord": {"content": "textarea", **_OF},
}  # fmt: skip
REQUIRED = {
    "opportunity": ("opportunityName", "accountId", "ownerId", "dimDepart", "saleStageId", "closeDate"),
    "quote": ("quoteName", "accountId", "ownerId"), "quoteLine": ("quoteId", "productId", "quantity"),
    "task": ("taskName", "ownerId", "dimDepart"),
}  # fmt: skip
_XOQL = re.compile(
    r"select (?P<places>.+?) from (?P<name>\w+)(?: where (?P<where>.+?))?(?: order by (?P<order>.+?))?"
    r"(?: limit (?P<limit>\d+) offset (?P<offset>\d+))?"
)
_CONDITION = re.compile(r"([\w.]+) (=|!=|>|>=) ('[^']*'|\d+)(?: and |$)")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    ">": lambda value, wanted: value > wanted,
    ">=": lambda value, wanted: value >= wanted,
}


class Refused(Exception):
    def __init__(self, code: int, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class FakeXiaoshouyi:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.schema = {name: {**_OWN, **fields} for name, fields in SCHEMA.items()}
        self.rows: dict[str, dict[int, Row]] = {name: {} for name in SCHEMA}
        self.names = {
            "user": {3461000000000001: "张三", 3461000000000002: "陈静"},
            "industry": {7: "medical"},
            "department": {9: "华东"},
        }
        self.names["stage"] = dict.fromkeys(range(1, 8), "阶段")
        self.record_types = {
            name: {2904963933786000 + at: "defaultBusiType"} for at, name in enumerate(SCHEMA)
        }
        self.instance = "api-p10.xiaoshouyi.com"
        self.bare = False
        """This pod takes the token without `Bearer`."""
        self.tokens: set[str] = set()
        self.signed_in = 0
        self.batch = 2000
        self.stuck = False
        """The locator leads to where it came from."""
        self.trouble: list[Refused] = []
        """What the next writes are answered with."""
        self.reading: list[Refused] = []
        """What the next questions are answered with."""
        self._numbers = itertools.count(3461555555555000000)
        self.late = Late()
        self._answers = itertools.count()
        self.app = FastAPI()
        self.app.post("/auc/oauth2/token")(self._token)
        data = "/rest/data/v2.0"
        self.app.post(f"{data}/query/xoql")(self._xoql)
        self.app.post(f"{data}/query/xoqlScroll")(self._scroll)
        self.app.get(f"{data}/xobjects/{{name}}/description")(self._describe)
        self.app.get(f"{data}/xobjects/{{name}}/busiType")(self._types)
        self.app.post(f"{data}/xobjects/{{name}}")(self._create)
        self.app.api_route(f"{data}/xobjects/{{name}}/{{number}}", methods=["PATCH", "DELETE"])(self._one)

    def add(self, name: str, /, **values: Any) -> str:
        """As a colleague would in Xiaoshouyi itself."""
        number, now = next(self._numbers), int(self._clock().timestamp() * 1000)
        self.rows[name][number] = (
            dict.fromkeys(self.schema[name]) | values | {"id": number, "createdAt": now, "updatedAt": now}
        )
        self.late.made(number)
        return str(number)

    def edit(self, name: str, number: str, /, **values: Any) -> None:
        self.rows[name][int(number)] |= values | {"updatedAt": int(self._clock().timestamp() * 1000)}

    async def _token(self, request: Request) -> Response:
        given = dict(await request.form())
        wanted = {
            "grant_type": "password", "client_id": "app", "client_secret": "s3cret", "redirect_uri": "https://api.xiaoshouyi.com",
            "username": "bot@acme.cn", "password": "pass12345678",
        }  # fmt: skip
        if given != wanted:
            return JSONResponse({"error": "invalid_grant", "error_description": "用户名或密码错误"}, 400)
        self.signed_in += 1
        token = f"ce5d.{self.signed_in}==0"
        self.tokens.add(token)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 7199, "tenant_id": "1", "instance_uri": self.instance})  # fmt: skip

    async def _xoql(self, request: Request) -> Response:
        form = dict(await request.form())

        def done() -> Row:
            found, asked = self._found(str(form["xoql"]))
            if asked["limit"] is None or int(asked["limit"]) > 100:
                raise Refused(1080004, "limit 超出范围")
            start = int(asked["offset"])
            return {"data": self._told(found[start : start + int(asked["limit"])], asked)}

        return self._answered(request, done, self.reading)

    async def _scroll(self, request: Request) -> Response:
        form = dict(await request.form())

        def done() -> Row:
            if set(form) != {"xoql", "batchCount", "queryLocator"}:
                raise Refused(1080004, "参数错误")
            found, asked = self._found(str(form["xoql"]))
            if asked["limit"] is not None:
                raise Refused(1080004, "xoqlScroll 不支持 limit")
            size = min(int(str(form["batchCount"])), self.batch)
            start = int(str(form["queryLocator"]).removeprefix("at-") or 0)
            left = start + size < len(found)
            locator = f"at-{start if self.stuck and start else start + size}" if left else ""
            return {"queryLocator": locator, "data": self._told(found[start : start + size], asked)}

        return self._answered(request, done, self.reading)

    async def _describe(self, name: str, request: Request) -> Response:
        def done() -> Row:
            fields = []
            for place, kind in self._schema(name).items():
                of, _, rest = kind.partition(":")
                choices = (
                    [{"value": int(one), "label": f"选项{one}"} for one in rest.split(",")]
                    if of == "select"
                    else []
                )
                fields.append({"apiKey": place, "type": of, "label": place, "selectitem": choices})
            return {"data": {"apiKey": name, "fields": fields}}

        return self._answered(request, done, self.reading)

    async def _types(self, name: str, request: Request) -> Response:
        def done() -> Row:
            self._schema(name)
            return {
                "data": {
                    "records": [
                        {"id": str(number), "apiKey": key, "label": key}
                        for number, key in self.record_types[name].items()
                    ]
                }
            }

        return self._answered(request, done, self.reading)

    async def _create(self, name: str, request: Request) -> Response:
        body = await request.json()

        def done() -> Row:
            values = self._taken(name, body["data"])
            if values.get("entityType") not in self.record_types[name]:
                raise Refused(1080013, "业务类型 entityType 必填")
            for place in REQUIRED.get(name, ()):
                if values.get(place) in (None, ""):
                    raise Refused(1080014, f"{place} 必填")
            return {"data": {"id": self._id(int(self.add(name, **values)))}}

        return self._answered(request, done, self.trouble)

    async def _one(self, name: str, number: str, request: Request) -> Response:
        body = await request.json() if request.method == "PATCH" else {}

        def done() -> Row:
            if int(number) not in self.rows[name]:
                raise Refused(1080010, "数据不存在")
            if request.method == "DELETE":
                if name == "quote" and any(
                    line["quoteId"] == int(number) for line in self.rows["quoteLine"].values()
                ):
                    raise Refused(1080015, "存在明细,不能删除")
                self.rows[name].pop(int(number))
            else:
                self.edit(name, number, **self._taken(name, body["data"]))
            return {"data": {}}

        return self._answered(request, done, self.trouble)

    def _answered(self, request: Request, done: Callable[[], Row], waiting: list[Refused]) -> Response:
        scheme, _, token = request.headers.get("authorization", "").rpartition(" ")
        try:
            here = request.url.hostname == urlsplit(f"//{self.instance.rpartition('//')[2]}").hostname
            if not here or token not in self.tokens or (scheme == "Bearer") == self.bare:
                raise Refused(1020006, "access token 无效")
            if waiting:
                raise waiting.pop(0)
            answer = done()
        except Refused as error:
            return JSONResponse(
                {"code": error.code, "msg": str(error), "errorInfo": None, "data": None}, error.status
            )
        code: Any = "200" if next(self._answers) % 2 else 200
        return JSONResponse({"code": code, "msg": None, "errorInfo": None, **answer})

    def _schema(self, name: str) -> dict[str, str]:
        if name not in self.schema:
            raise Refused(1080002, f"对象 {name} 不存在")
        return self.schema[name]

    def _found(self, xoql: str) -> tuple[list[Row], dict[str, Any]]:
        asked = _XOQL.fullmatch(xoql)
        if asked is None:
            raise Refused(1080003, "xoql 语法错误")
        name, where, at = asked["name"], asked["where"] or "", 0
        known = self.rows[name].values() if self._schema(name) else ()
        found = [row for row in known if self.late.shows(row["id"])]
        while at < len(where):
            one = _CONDITION.match(where, at)
            if one is None:
                raise Refused(1080003, "xoql 语法错误")
            at, (place, sign, literal) = one.end(), one.groups()
            quoted, kind = literal.startswith("'"), self._kind(name, place)
            if quoted != (kind.partition(":")[0] in {"text", "textarea"}):
                raise Refused(1080003, f"{place} 类型不符")
            wanted: Any = literal[1:-1] if quoted else int(literal)
            found = [row for row in found if row[place] is not None and _SIGNS[sign](row[place], wanted)]
        for part in reversed((asked["order"] or "id").split(", ")):
            place, _, way = part.partition(" ")
            self._kind(name, place)
            found.sort(key=lambda row: row[place], reverse=way == "desc")
        return found, asked.groupdict()

    def _told(self, rows: list[Row], asked: dict[str, Any]) -> Row:
        places = asked["places"].split(", ")
        shown = [{place: self._shown(asked["name"], row, place) for place in places} for row in rows]
        return {"totalSize": len(rows), "count": len(rows), "records": shown}

    def _shown(self, name: str, row: Row, place: str) -> Any:
        head, _, rest = place.partition(".")
        kind, value = self._kind(name, head), row[head]
        if rest:
            return self.names[kind.partition(":")[2]].get(value) if value else None
        return (
            self._id(value) if value is not None and (kind == "id" or kind.startswith("relation")) else value
        )

    def _id(self, number: int) -> Any:
        """Sometimes a number, sometimes a text."""
        return str(number) if next(self._answers) % 2 else number

    def _kind(self, name: str, place: str) -> str:
        if place.partition(".")[0] not in self.schema[name]:
            raise Refused(1080003, f"字段 {place} 不存在")
        return self.schema[name][place.partition(".")[0]]

    def _taken(self, name: str, values: Row) -> Row:
        self._schema(name)
        return {
            place: self._value(place, *self._kind(name, place).partition(":")[::2], value)
            for place, value in values.items()
        }

    def _value(self, place: str, kind: str, rest: str, value: Any) -> Any:
        if value is None:
            return None
        match kind:
            case "id" | "relation":
                number = int(value)
                if rest and number not in self.names.get(rest, {}) and number not in self.rows.get(rest, {}):
                    raise Refused(1080016, f"{place} 关联的数据不存在")
                return number
            case "select":
                if not isinstance(value, int) or str(value) not in rest.split(","):
                    raise Refused(1080017, f"{place} 没有选项 {value!r}")
            case "date":
                if not isinstance(value, int) or len(str(value)) != 13:
                    raise Refused(1080018, f"{place} 要用毫秒")
            case "integer" | "real" | "currency":
                if not isinstance(value, int | float) or isinstance(value, bool):
                    raise Refused(1080019, f"{place} 不是数字")
            case "text" | "textarea" if not isinstance(value, str):
                raise Refused(1080020, f"{place} 要用文本")
        return value
