"""A strict 纷享销客: HTTP 200 for everything, a token endpoint that takes one call at a time, fields that are left out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.fakes.systems.late import Late

Row = dict[str, Any]
_OWN = {
    "_id": "text", "owner": "employee", "create_time": "date_time", "last_modified_time": "date_time",
    "last_modified_by": "employee", "life_status": "select_one", "lock_status": "select_one", "is_deleted": "true_or_false",
    "version": "text",
}  # fmt: skip
_OF = {"account_id": "object_reference:AccountObj", "copilot_key__c": "text"}
SCHEMA: dict[str, dict[str, str]] = {
    "AccountObj": {
        "name": "text", "short_name__c": "text", "industry": "text", "account_level": "select_one:1,2,3,4", "region__c": "text",
        "payment_days__c": "number", "remark": "long_text",
    },
    "ContactObj": {"name": "text", "job_title": "text", "mobile": "phone_number", **_OF},
    "NewOpportunityObj": {
        "name": "text", "amount": "currency", "sales_stage": "select_one:1,2,3,4,5,6,7", "close_date": "date", "remark": "long_text", **_OF,
    },
    "QuoteObj": {"remark": "long_text", "quote_amount": "currency", "valid_until__c": "date", **_OF},
    "QuoteLinesObj": {
        "product_id": "object_reference:ProductObj", "quantity": "number", "price": "currency", "sales_price": "currency",
        "subtotal": "currency",
    },
    "ProductObj": {"name": "text", "product_code": "text"},
    "SalesOrderObj": {"name": "auto_number", "order_amount": "currency", "order_time": "date", "delivery_date": "date", **_OF},
    "CasesObj": {
        "name": "auto_number", "title": "text", "priority": "select_one:1,2,3", "case_status": "select_one:1,2,3,4",
        "description": "long_text", **_OF,
    },
    "copilot_task__c": {"name": "text", "due_date__c": "date", "priority__c": "select_one:1,2,3", "remark__c": "long_text", **_OF},
    "copilot_meeting__c": {
        "name": "text", "start__c": "date_time", "end__c": "date_time", "place__c": "text", "remark__c": "long_text", **_OF,
    },
    "copilot_note__c": {"name": "text", "content__c": "long_text", **_OF},
}  # fmt: skip
REQUIRED = {
    "NewOpportunityObj": ("name", "account_id", "owner", "sales_stage", "close_date"), "QuoteObj": ("account_id", "owner"),
    "CasesObj": ("title", "owner"), "copilot_task__c": ("name", "owner"), "copilot_meeting__c": ("name", "owner"),
    "copilot_note__c": ("name", "owner"), "QuoteLinesObj": ("product_id", "quantity"),
}  # fmt: skip
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda value, wanted: value == wanted,
    "N": lambda value, wanted: value != wanted,
    "GT": lambda value, wanted: value > wanted,
    "GTE": lambda value, wanted: value >= wanted,
}


class Refused(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class FakeFxiaoke:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.schema = {name: {**_OWN, **fields} for name, fields in SCHEMA.items()}
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in SCHEMA}
        self.employees = {"1000", "1001"}
        self.token = ""
        self.tokens = 0
        self.signing_in = 0
        """How many stand at the token endpoint just now."""
        self.collisions = 0
        self.collided = asyncio.Event()
        self.most = 1_000_000
        """Calls of one endpoint in 20 seconds."""
        self.called: dict[str, list[float]] = {}
        self.alone = False
        """One row alone comes as itself instead of in a list."""
        self.hides_void = False
        self.workflows = 0
        self.trouble: list[Refused] = []
        """What the next writes are answered with."""
        self.reading: list[Refused] = []
        """What the next questions are answered with."""
        self._numbers = itertools.count(0x68FA0001)
        self.late = Late()
        self.app = FastAPI()
        self.app.post("/oauth2.0/token")(self._token)
        self.app.post("/cgi/crm/v2/object/describe")(self._describe)
        self.app.post("/cgi/crm/v2/data/{action}")(self._built_in)
        self.app.post("/cgi/crm/custom/v2/data/{action}")(self._custom)

    def add(self, name: str, /, **values: Any) -> str:
        """As a colleague would in Fxiaoke itself."""
        number = f"{next(self._numbers):024x}"
        now = int(self._clock().timestamp() * 1000)
        own = {"_id": number, "create_time": now, "last_modified_time": now, "version": "1"}
        blank = {"life_status": "normal", "is_deleted": False}
        self.rows[name][number] = blank | values | own
        self.late.made(number)
        return number

    def edit(self, name: str, number: str, /, **values: Any) -> None:
        row = self.rows[name][number]
        row |= values | {"last_modified_time": int(self._clock().timestamp() * 1000)}
        row["version"] = str(int(row["version"]) + 1)

    async def _token(self, request: Request) -> Response:
        self.signing_in += 1
        try:
            together = self.signing_in > 1
            await asyncio.sleep(0)
            if together or self.signing_in > 1:
                self.collisions += 1
                self.collided.set()
                return self._no(Refused(30004, "不支持并发调用"))
        finally:
            self.signing_in -= 1
        given = await request.json()
        if given != {
            "appId": "FSAID_1",
            "appSecret": "s3cret",
            "permanentCode": "code-1",
            "grantType": "app_secret",
        }:
            return self._no(Refused(10006, "密钥错误"))
        if not self.token:
            self.tokens += 1
            self.token = f"token-{self.tokens}"
        return JSONResponse({"errorCode": 0, "accessToken": self.token, "ea": "fs1", "expiresIn": 7084})

    async def _describe(self, request: Request) -> Response:
        return await self._answered(request, "describe", self._described)

    async def _built_in(self, action: str, request: Request) -> Response:
        return await self._answered(request, action, lambda body: self._done(action, body, custom=False))

    async def _custom(self, action: str, request: Request) -> Response:
        return await self._answered(request, action, lambda body: self._done(action, body, custom=True))

    async def _answered(self, request: Request, action: str, done: Callable[[Row], Row]) -> Response:
        try:
            UUID(request.query_params["thirdTraceId"])
            headers = request.headers
            if (
                not self.token
                or headers.get("authorization") != f"Bearer {self.token}"
                or headers.get("x-fs-ea") != "fs1"
            ):
                raise Refused(20016, "token 无效")
            if headers.get("x-fs-userid") not in self.employees:
                raise Refused(20017, "没有凭证")
            self._count(request.url.path)
            waiting = self.reading if action in {"query", "describe"} else self.trouble
            if waiting:
                raise waiting.pop(0)
            return JSONResponse(
                {"errorCode": 0, "errorMessage": "success", "traceId": "t-1", **done(await request.json())}
            )
        except Refused as error:
            return self._no(error)

    def _count(self, path: str) -> None:
        now = self._clock().timestamp()
        calls = self.called[path] = [at for at in self.called.get(path, []) if at > now - 20]
        if len(calls) >= self.most:
            raise Refused(30004, "调用频率超限")
        calls.append(now)

    @staticmethod
    def _no(error: Refused) -> Response:
        return JSONResponse({"errorCode": error.code, "errorMessage": str(error), "traceId": "t-1"})

    def _described(self, body: Row) -> Row:
        name = body["data"]["apiName"]
        if name not in self.schema:
            raise Refused(32000, f"对象 {name} 不存在")
        fields = {}
        for field, kind in self.schema[name].items():
            of, _, rest = kind.partition(":")
            options = (
                [{"value": one, "label": f"选项{one}"} for one in rest.split(",")]
                if of == "select_one" and rest
                else []
            )
            fields[field] = {"type": of} | ({"options": options} if options else {})
        return {"data": {"describe": {"api_name": name, "fields": fields}}}

    def _done(self, action: str, body: Row, custom: bool) -> Row:
        data = body["data"]
        if action in {"create", "update"}:
            if "dataObjectApiName" in data or {"triggerApprovalFlow", "triggerWorkFlow"} - set(body):
                raise Refused(15002, "参数错误")
            self.workflows += bool(body["triggerApprovalFlow"]) + bool(body["triggerWorkFlow"])
            values = dict(data["object_data"])
            name = values.pop("dataObjectApiName")
        else:
            name = data["dataObjectApiName"]
        if name not in self.schema:
            raise Refused(32000, f"对象 {name} 不存在")
        if custom != name.endswith("__c"):
            raise Refused(15002, "接口与对象类型不符")
        match action:
            case "query":
                return {"data": {"dataList": self._query(name, data["search_query_info"])}}
            case "create":
                return self._create(name, values, data.get("details", {}))
            case "update":
                return self._update(name, values)
            case "invalid":
                self._live(name, data["object_data_id"])
                self.edit(name, data["object_data_id"], life_status="invalid", is_deleted=True)
                return {}
        raise Refused(15002, f"没有接口 {action}")

    def _query(self, name: str, asked: Row) -> Any:
        limit, offset = asked["limit"], asked["offset"]
        if not 0 < limit <= 100 or offset % limit or offset > 10_000:
            raise Refused(15002, "分页参数错误")
        found = [
            row
            for row in self.rows[name].values()
            if not (self.hides_void and row["life_status"] == "invalid") and self.late.shows(row["_id"])
        ]
        for one in asked["filters"]:
            field, (wanted,) = one["field_name"], one["field_values"]
            if not isinstance(wanted, str):
                raise Refused(15002, "field_values 必须是字符串列表")
            kind = self._kind(name, field)
            sign = _SIGNS[one["operator"]]
            found = [
                row
                for row in found
                if self._has(row, field)
                and sign(row[field], int(wanted) if kind.startswith("date") else wanted)
            ]
        for order in reversed(asked["orders"]):
            self._kind(name, order["fieldName"])
            found.sort(key=lambda row: row[order["fieldName"]], reverse=not order["isAsc"])
        for field in asked["fieldProjection"]:
            self._kind(name, field)
        shown = [
            {field: row[field] for field in asked["fieldProjection"] if self._has(row, field)}
            for row in found[offset : offset + limit]
        ]
        return shown[0] if self.alone and len(shown) == 1 else shown

    @staticmethod
    def _has(row: Row, field: str) -> bool:
        return row.get(field) not in (None, "")

    def _create(self, name: str, values: Row, details: dict[str, list[Row]]) -> Row:
        taken = self._taken(name, values)
        self._complete(name, taken)
        lines = []
        for of, many in details.items():
            for line in many:
                plain = dict(line)
                if plain.pop("dataObjectApiName") != of:
                    raise Refused(15002, "明细对象不符")
                lines.append((of, self._taken(of, plain)))
                self._complete(of, lines[-1][1])
        number = self.add(name, **taken)
        for of, line in lines:
            self.add(of, **line, quote_id=number)
        return {} if name.endswith("__c") else {"dataId": number}

    def _update(self, name: str, values: Row) -> Row:
        number = values.pop("_id")
        row = self._live(name, number)
        if row.get("lock_status") == "1":
            raise Refused(15005, "数据已锁定")
        if "owner" in values:
            raise Refused(15002, "负责人请用更换负责人接口")
        self.edit(name, number, **self._taken(name, values))
        return {}

    def _live(self, name: str, number: str) -> Row:
        row = self.rows[name].get(number)
        if row is None or row["life_status"] == "invalid":
            raise Refused(15004, "数据不存在或已作废")
        return row

    def _complete(self, name: str, values: Row) -> None:
        for field in REQUIRED.get(name, ()):
            if not self._has(values, field):
                raise Refused(15002, f"{field} 必填")

    def _kind(self, name: str, field: str) -> str:
        if field not in self.schema[name]:
            raise Refused(32000, f"字段 {field} 不存在")
        return self.schema[name][field]

    def _taken(self, name: str, values: Row) -> Row:
        return {
            field: self._value(field, *self._kind(name, field).partition(":")[::2], value)
            for field, value in values.items()
        }

    def _value(self, field: str, kind: str, rest: str, value: Any) -> Any:
        if value is None:
            return None
        match kind:
            case "number" | "currency":
                if not isinstance(value, str):
                    raise Refused(15002, f"{field} 要用字符串")
                float(value)
            case "date" | "date_time":
                if not isinstance(value, int) or len(str(value)) != 13:
                    raise Refused(15002, f"{field} 要用毫秒")
                if kind == "date" and (value + 8 * 3_600_000) % 86_400_000:
                    raise Refused(15002, f"{field} 不是零点")
            case "employee":
                if not isinstance(value, list) or not set(value) <= self.employees:
                    raise Refused(15002, f"{field} 不是员工列表")
            case "select_one" if rest and value not in rest.split(","):
                raise Refused(15002, f"{field} 没有选项 {value}")
            case "object_reference" if value not in self.rows[rest]:
                raise Refused(15002, f"{field} 关联的数据不存在")
            case "text" | "long_text" if not isinstance(value, str):
                raise Refused(15002, f"{field} 要用文本")
        return value
