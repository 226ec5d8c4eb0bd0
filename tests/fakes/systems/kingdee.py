"""A strict 金蝶云星空: every answer is HTTP 200, errors look like rows, times carry no zone, and nobody is told of changes."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.fakes.systems.late import Late

Row = dict[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
_BASE = {"FModifyDate": "time", "FCreateDate": "time", "FDocumentStatus": "text"}
_BILL = {"FBillNo": "text", "FDate": "date", "FCancelStatus": "text", "FCloseStatus": "text", **_BASE}
SCHEMA: dict[str, dict[str, str]] = {
    "BD_Customer": {
        "FNumber": "text", "FName": "text", "FShortName": "text", "FUseOrgId": "ORG_Organizations", "FForbidStatus": "text",
        "FSELLER": "BD_Saler", "FCustTypeId": "BOS_ASSISTANTDATA_SELECT", "FPROVINCIAL": "BOS_ASSISTANTDATA_SELECT",
        "FRECCONDITIONID": "BD_RecCondition", "FDescription": "text", "F_YJ_Industry": "text", **_BASE,
    },
    "BD_CommonContact": {
        "FNumber": "text", "FName": "text", "FPost": "text", "FMobile": "text", "FCompanyType": "text", "FCompany": "BD_Customer", **_BASE,
    },
    "SAL_QUOTATION": {
        "FBillTypeID": "BOS_BillType", "FSaleOrgId": "ORG_Organizations", "FCustId": "BD_Customer", "FSalerId": "BD_Saler",
        "FSettleCurrId": "BD_Currency", "FBillAllAmount": "number", "FExpiryDate": "date", "F_YJ_Title": "text",
        "F_YJ_CopilotKey": "text", "FQUOTATIONENTRY": "lines", **_BILL,
    },
    "SAL_SaleOrder": {
        "FSaleOrgId": "ORG_Organizations", "FCustId": "BD_Customer", "FBillAllAmount": "number", "FSaleOrderEntry": "lines", **_BILL,
    },
    "AR_receivable": {
        "FCUSTOMERID": "BD_Customer", "FALLAMOUNTFOR": "number", "FWRITTENOFFAMOUNTFOR": "number", "FENDDATE": "date", **_BILL,
    },
}  # fmt: skip
PRIMARY = {"BD_Customer": "FCUSTID", "BD_CommonContact": "FCONTACTID"}
LINE = {"FMaterialId": "BD_MATERIAL", "FQty": "number", "FTaxPrice": "number", "FDiscountRate": "number", "FEntryTaxRate": "number"}  # fmt: skip
REQUIRED = {"SAL_QUOTATION": {"FBillTypeID": "单据类型", "FSaleOrgId": "销售组织", "FCustId": "客户", "FDate": "日期", "FSettleCurrId": "结算币别"}}  # fmt: skip
_CONDITION = re.compile(r"([\w.]+)(=|<>|>=|<=|>|<)('(?:[^']|'')*'|-?[\d.]+)(?: AND |$)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_FLAGS = {"NeedUpDateFields", "NeedReturnFields", "IsDeleteEntry", "IsVerifyBaseDataField", "ValidateFlag", "NumberSearch", "IsAutoSubmitAndAudit", "ValidateRepeatJson", "Model"}  # fmt: skip


class Refused(Exception):
    def __init__(self, message: str, code: int = 9) -> None:
        super().__init__(message)
        self.code = code


def envelope(message: str, code: int) -> Row:
    errors = [{"FieldName": None, "Message": message, "DIndex": 0}]
    status = {"ErrorCode": 500, "IsSuccess": False, "Errors": errors, "SuccessEntitys": [], "SuccessMessages": [], "MsgCode": code}  # fmt: skip
    return {"Result": {"ResponseStatus": status}}


class FakeKingdee:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.schema = {form: dict(fields) for form, fields in SCHEMA.items()}
        self.rows: dict[str, dict[int, Row]] = {form: {} for form in SCHEMA}
        self.base = {
            "BD_MATERIAL": {"X200", "X900"},
            "ORG_Organizations": {"100", "200"},
            "BD_Currency": {"PRE001"},
        }
        """Numbers that base data knows; what is not listed is not checked."""
        self.secret = "app-secret"
        self.sessions: set[tuple[str, str]] = set()
        self.signed_in = 0
        self.offset = timedelta(hours=8)
        self.hidden = False
        """The integration user's data permissions leave nothing: no error is raised."""
        self.bodies: list[str] = []
        """Texts that the next calls are answered with, instead of being done."""
        self.trouble: list[Refused] = []
        """What the next operations are refused with."""
        self._numbers = itertools.count(100231)
        self.late = Late()
        self.app = FastAPI()
        self.app.post("/K3Cloud/{service}.common.kdsvc")(self._called)

    def add(self, form: str, /, lines: list[Row] | None = None, **values: Any) -> int:
        """As a colleague would in Galaxy itself. Base data is given by its number."""
        number = next(self._numbers)
        blank: Row = dict.fromkeys(self.schema[form])
        blank |= {"FDocumentStatus": "C"} | (
            {"FCancelStatus": "A", "FCloseStatus": "A"} if "FBillNo" in blank else {}
        )
        blank |= {"FForbidStatus": "A", "FUseOrgId": "100"} if form == "BD_Customer" else {}
        blank |= {"FSaleOrgId": "100"} if "FSaleOrgId" in blank else {}
        now = self._clock()
        own = {primary(form): number, "FCreateDate": now, "FModifyDate": now}
        self.rows[form][number] = blank | values | own
        for name, kind in self.schema[form].items():
            if kind == "lines":
                self.rows[form][number][name] = lines or []
        self.late.made(number)
        return number

    def edit(self, form: str, number: int, /, **values: Any) -> None:
        self.rows[form][number] |= values | {"FModifyDate": self._clock()}

    def end_sessions(self) -> None:
        self.sessions.clear()

    async def _called(self, service: str, request: Request) -> Response:
        body = await request.json()
        name = service.removeprefix("Kingdee.BOS.WebApi.ServicesStub.")
        if name == "AuthService.LoginBySign":
            return self._login(body["parameters"])
        session = request.headers.get("kdservice-sessionid", ""), request.cookies.get("ASP.NET_SessionId", "")
        operation = name.removeprefix("DynamicFormService.")
        try:
            if session not in self.sessions:
                raise Refused("会话信息已丢失,请重新登录", 1)
            if self.bodies:
                return Response(self.bodies.pop(0), media_type="text/html")
            answer = self._done(operation, body)
        except Refused as error:
            failed = envelope(str(error), error.code)
            return JSONResponse([[failed]] if operation == "ExecuteBillQuery" else failed)
        return JSONResponse(answer)

    def _login(self, given: list[Any]) -> Response:
        account, user, app, stamp, sign, language = given
        ordered = sorted([account, user, app, self.secret, stamp])
        fits = sign == hashlib.sha256("".join(ordered).encode()).hexdigest()
        fresh = abs(int(stamp) - self._clock().timestamp()) < 300
        if (account, user, app, language) != ("5f00aa", "demo", "123456_YWJj", 2052):
            return JSONResponse(envelope("会话信息已丢失", 1))
        if not fits or not fresh:
            return JSONResponse({"LoginResultType": 0, "Message": "签名不正确", "KDSVCSessionId": None})
        self.signed_in += 1
        session = f"kd-{self.signed_in}", f"net-{self.signed_in}"
        self.sessions.add(session)
        zone = {"OffsetTicks": int(self.offset.total_seconds() * 1e7)}
        answer = JSONResponse({"LoginResultType": 1, "KDSVCSessionId": session[0], "Message": None, "Context": {"UTimeZone": zone}})  # fmt: skip
        answer.set_cookie("ASP.NET_SessionId", session[1])
        return answer

    def _done(self, operation: str, body: Row) -> Any:
        match operation, body:
            case "ExecuteBillQuery", {"parameters": [question]}:
                return self._query(self._form(question["FormId"]), question)
            case "QueryBusinessInfo", {"data": {"FormId": form}}:
                return self._described(self._form(form))
            case "Save", {"formid": form, "data": data}:
                self._maybe_refuse()
                return self._save(self._form(form), data)
            case "Delete", {"formid": form, "data": {"Numbers": numbers}}:
                self._maybe_refuse()
                return self._delete(self._form(form), numbers)
        raise Refused(f"服务 {operation} 不存在")

    def _maybe_refuse(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)

    def _form(self, form: str) -> str:
        if form not in self.schema:
            raise Refused(f"业务对象 {form} 不存在")
        return form

    def _described(self, form: str) -> Row:
        fields = [
            {"Key": name, "ElementType": 1} for name, kind in self.schema[form].items() if kind != "lines"
        ]
        entrys = [{"Key": "FBillHead", "Fields": fields}]
        entrys += [{"Key": name, "Fields": [{"Key": one} for one in LINE]} for name, kind in self.schema[form].items() if kind == "lines"]  # fmt: skip
        return {
            "Result": {
                "ResponseStatus": {"IsSuccess": True},
                "NeedReturnData": {"Id": form, "Entrys": entrys},
            }
        }

    def _query(self, form: str, asked: Row) -> list[list[Any]]:
        if not 0 < asked["Limit"] <= 10_000:
            raise Refused("Limit 超出范围")
        keys, text, at = asked["FieldKeys"].split(","), asked["FilterString"], 0
        found = (
            [] if self.hidden else [row for number, row in self.rows[form].items() if self.late.shows(number)]
        )
        while at < len(text):
            condition = _CONDITION.match(text, at)
            if condition is None:
                raise Refused(f"“{text[at : at + 20]}”附近有语法错误")
            at, (name, sign, literal) = condition.end(), condition.groups()
            found = [row for row in found if self._fits(form, row, name, sign, literal)]
        name, _, way = asked["OrderString"].partition(" ")
        found.sort(key=lambda row: row[name], reverse=way == "DESC")
        flat = [line for row in found for line in self._flat(form, row, keys)]
        return flat[asked["StartRow"] : asked["StartRow"] + asked["Limit"]]

    def _flat(self, form: str, row: Row, keys: list[str]) -> list[list[Any]]:
        """A field of the lines multiplies the document."""
        lines = next((row[name] for name, kind in self.schema[form].items() if kind == "lines"), [])
        many = lines if any(key.split(".")[0] in LINE for key in keys) and lines else [{}]
        return [[self._shown(form, row | line, key) for key in keys] for line in many]

    def _kind(self, form: str, name: str) -> str:
        head = name.partition(".")[0]
        if head == primary(form):
            return "number"
        known = self.schema[form] | (LINE if "lines" in self.schema[form].values() else {})
        if head not in known:
            raise Refused(f"元数据中标识为{head}的字段不存在")
        return known[head]

    def _shown(self, form: str, row: Row, key: str) -> Any:
        kind, value = self._kind(form, key), row.get(key.partition(".")[0])
        if kind == "time" and value is not None:
            there = f"{value.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S.%f}"[:-3]
            return there.rstrip("0").rstrip(".")
        if kind == "date" and value is not None:
            return f"{value}T00:00:00"
        return value

    def _fits(self, form: str, row: Row, name: str, sign: str, literal: str) -> bool:
        kind, value = self._kind(form, name), row.get(name.partition(".")[0])
        quoted = literal.startswith("'")
        wanted: Any = literal[1:-1].replace("''", "'") if quoted else float(literal)
        if kind == "time":
            if not quoted or not _TIME.fullmatch(wanted):
                raise Refused("从字符串转换日期和/或时间时,转换失败")
            wanted = datetime.strptime(wanted, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
        elif kind == "number" and quoted:
            raise Refused("将 varchar 转换为数据类型 numeric 时出错")
        if value is None:
            return False
        signs = {"=": value == wanted, "<>": value != wanted}
        return bool(signs[sign]) if sign in signs else _ordered(value, sign, wanted)

    def _save(self, form: str, data: Row) -> Row:
        if set(data) != _FLAGS or not all(isinstance(data[one], str) for one in _FLAGS if one.startswith(("Is", "Validate"))):  # fmt: skip
            raise Refused("参数不正确")
        model = dict(data["Model"])
        number = model.pop(primary(form), 0)
        values = {
            name: self._taken(form, name, value) for name, value in model.items() if name != self._entry(form)
        }
        lines = [self._line(one) for one in model.get(self._entry(form), [])]
        if number:
            return self._updated(form, number, values, lines, data)
        for name, label in REQUIRED.get(form, {}).items():
            if not values.get(name):
                raise Refused(f"字段[{label}]是必录字段")
        if self._entry(form) and not lines:
            raise Refused("字段[物料编码]是必录字段")
        number = self.add(form, lines, **values)
        row = self.rows[form][number]
        row |= {"FDocumentStatus": "A", "FBillNo": values.get("FBillNo") or f"{form[:3]}{number:09d}"}
        self._total(row, lines)
        return self._success(form, [row])

    def _updated(self, form: str, number: int, values: Row, lines: list[Row], data: Row) -> Row:
        row = self.rows[form].get(number)
        if row is None:
            raise Refused("内码对应的数据不存在")
        if row["FDocumentStatus"] == "C" and "FBillNo" in row:
            raise Refused("单据已审核,不允许修改")
        changed = data["NeedUpDateFields"]
        self.edit(form, number, **{name: value for name, value in values.items() if name in changed})
        if self._entry(form) and data["IsDeleteEntry"] != "false":
            row[self._entry(form)] = lines
        return self._success(form, [row])

    def _delete(self, form: str, numbers: list[str]) -> Row:
        """Per item: the head says success where one of many was done."""
        done, errors = [], []
        for at, number in enumerate(numbers):
            row = next((one for one in self.rows[form].values() if number in {one.get("FBillNo"), one.get("FNumber")}), None)  # fmt: skip
            if row is None or row["FDocumentStatus"] in {"B", "C"}:
                why = "单据已审核,不能删除" if row else "数据不存在"
                errors.append({"FieldName": None, "Message": f"编号为“{number}”的{why}", "DIndex": at})
                continue
            done.append(self.rows[form].pop(row[primary(form)]))
        answer = self._success(form, done)
        answer["Result"]["ResponseStatus"]["Errors"] = errors
        return answer

    def _success(self, form: str, rows: list[Row]) -> Row:
        entities = [{"Id": row[primary(form)], "Number": row.get("FBillNo") or row.get("FNumber"), "DIndex": at} for at, row in enumerate(rows)]  # fmt: skip
        status = {
            "IsSuccess": True,
            "Errors": [],
            "SuccessEntitys": entities,
            "SuccessMessages": [],
            "MsgCode": 0,
        }
        single = {"Id": entities[0]["Id"], "Number": entities[0]["Number"]} if entities else {}
        return {"Result": {"ResponseStatus": status, **single}}

    def _entry(self, form: str) -> str:
        return next((name for name, kind in self.schema[form].items() if kind == "lines"), "")

    def _line(self, given: Row) -> Row:
        if unknown := set(given) - set(LINE):
            raise Refused(f"元数据中标识为{unknown.pop()}的字段不存在")
        return {name: self._value(LINE[name], name, value) for name, value in given.items()}

    def _taken(self, form: str, name: str, value: Any) -> Any:
        return self._value(self._kind(form, name), name, value)

    def _value(self, kind: str, name: str, value: Any) -> Any:
        if kind == "number":
            if isinstance(value, str | bool):
                raise Refused(f"字段[{name}]的值{value!r}不是数字")
            return value
        if kind == "date":
            if value != "" and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
                raise Refused(f"字段[{name}]的值{value!r}不是日期")
            return value or None
        if kind == "text":
            return str(value)
        if not isinstance(value, dict) or [key.lower() for key in value] != ["fnumber"]:
            raise Refused(f"字段[{name}]要用编码给出")
        (number,) = value.values()
        if number and number not in self.base.get(kind, {number}):
            raise Refused(f"字段[{name}]的编码“{number}”在系统里不存在")
        return number or None

    @staticmethod
    def _total(row: Row, lines: list[Row]) -> None:
        if lines:
            row["FBillAllAmount"] = sum(
                one["FQty"] * one["FTaxPrice"] * (1 - one.get("FDiscountRate", 0) / 100) for one in lines
            )


def primary(form: str) -> str:
    return PRIMARY.get(form, "FID")


def _ordered(value: Any, sign: str, wanted: Any) -> bool:
    return bool(
        {">": value > wanted, ">=": value >= wanted, "<": value < wanted, "<=": value <= wanted}[sign]
    )
