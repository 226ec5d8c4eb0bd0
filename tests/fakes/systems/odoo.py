"""A strict Odoo with both doors: JSON-2 with status codes, JSON-RPC with errors inside a 200, whole seconds on the wire."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.fakes.systems.late import Late

Row = dict[str, Any]
_LOG = {"create_date": "datetime", "write_date": "datetime"}
_PARTNER = {"partner_id": "many2one:res.partner"}
SCHEMA: dict[str, dict[str, str]] = {
    "res.users": {"login": "char", "name": "char", "active": "boolean"},
    "res.partner": {
        "name": "char", "ref": "char", "is_company": "boolean", "parent_id": "many2one:res.partner", "user_id": "many2one:res.users",
        "industry_id": "many2one:res.partner.industry", "category_id": "many2many:res.partner.category",
        "state_id": "many2one:res.country.state", "property_payment_term_id": "many2one:account.payment.term", "comment": "html",
        "function": "char", "phone": "char", "active": "boolean",
    },
    "res.partner.industry": {"name": "char"},
    "res.partner.category": {"name": "char", "active": "boolean"},
    "res.country.state": {"name": "char"},
    "account.payment.term": {"name": "char"},
    "crm.stage": {"name": "char"},
    "crm.lead": {
        "name": "char", "type": "selection:lead,opportunity", "expected_revenue": "monetary", "probability": "float",
        "stage_id": "many2one:crm.stage", "date_deadline": "date", "description": "html", "active": "boolean",
        "user_id": "many2one:res.users", **_PARTNER,
    },
    "product.product": {"name": "char", "default_code": "char"},
    "sale.order": {
        "name": "char", "client_order_ref": "char", "state": "selection:draft,sent,sale,cancel", "amount_total": "monetary",
        "note": "html", "validity_date": "date", "date_order": "datetime", "commitment_date": "datetime",
        "order_line": "one2many:sale.order.line", **_PARTNER,
    },
    "sale.order.line": {
        "product_id": "many2one:product.product", "product_uom_qty": "float", "price_unit": "float", "discount": "float",
    },
    "helpdesk.ticket": {
        "name": "char", "priority": "selection:0,1,2,3", "stage_id": "many2one:helpdesk.stage", "description": "html",
        "active": "boolean", **_PARTNER,
    },
    "helpdesk.stage": {"name": "char"},
    "ir.model": {"name": "char"},
    "mail.activity.type": {"name": "char"},
    "mail.message.subtype": {"name": "char"},
    "mail.activity": {
        "res_model_id": "many2one:ir.model", "res_model": "char", "res_id": "many2one_reference",
        "activity_type_id": "many2one:mail.activity.type", "summary": "char", "date_deadline": "date", "note": "html",
        "user_id": "many2one:res.users",
    },
    "calendar.event": {
        "name": "char", "start": "datetime", "stop": "datetime", "location": "char", "description": "html",
        "res_model_id": "many2one:ir.model", "res_model": "char", "res_id": "many2one_reference", "active": "boolean",
    },
    "mail.message": {
        "model": "char", "res_id": "many2one_reference", "body": "html", "message_type": "selection:comment,notification",
        "subtype_id": "many2one:mail.message.subtype",
    },
    "ir.model.data": {"module": "char", "name": "char", "model": "char", "res_id": "integer"},
}  # fmt: skip
REQUIRED = {
    "crm.lead": ("name", "type"), "sale.order": ("partner_id",), "calendar.event": ("name", "start", "stop"),
    "mail.activity": ("res_model_id", "res_id"), "sale.order.line": ("product_id",), "helpdesk.ticket": ("name",),
}  # fmt: skip
ARGUMENTS = {
    "search": {"domain", "limit", "offset", "order"}, "search_read": {"domain", "fields", "limit", "offset", "order"},
    "fields_get": {"allfields", "attributes"}, "load": {"fields", "data"}, "write": {"vals"}, "unlink": set(),
    "action_cancel": set(),
}  # fmt: skip
ON_IDS = {"write", "unlink", "action_cancel"}


class Refused(Exception):
    def __init__(self, name: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def user_error(message: str) -> Refused:
    return Refused("odoo.exceptions.UserError", message)


class FakeOdoo:
    def __init__(self, clock: Callable[[], datetime], version: str = "19.0") -> None:
        self._clock = clock
        self.version = version
        self.schema = {
            name: {"id": "integer", **fields, **({} if name == "ir.model.data" else _LOG)} for name, fields in SCHEMA.items()
        }  # fmt: skip
        self.rows: dict[str, dict[int, Row]] = {name: {} for name in SCHEMA}
        self.late = Late()
        self.keys = {"key-1"}
        self.zone = timedelta(hours=8)
        """The bot user's time zone, which `load` takes for granted where the context names none."""
        self.trouble: list[Refused] = []
        """What the next writes are answered with."""
        self._numbers = itertools.count(11)
        self.app = FastAPI()
        self.app.get("/web/version")(self._version)
        self.app.post("/json/2/{model}/{method}")(self._json_2)
        self.app.post("/jsonrpc")(self._json_rpc)
        for xml, model, name in (
            ("base.model_res_partner", "ir.model", "res.partner"),
            ("mail.mail_activity_data_todo", "mail.activity.type", "To-Do"),
            ("mail.mt_note", "mail.message.subtype", "Note"),
        ):
            module, _, short = xml.partition(".")
            number = self.add(model, name=name)
            self.add("ir.model.data", module=module, name=short, model=model, res_id=number)

    def add(self, model: str, /, **values: Any) -> int:
        """As a colleague would in Odoo itself."""
        number = next(self._numbers)
        blank: Row = {name: [] if kind.startswith(("many2many", "one2many")) else False for name, kind in self.schema[model].items()}  # fmt: skip
        blank |= {"active": True} if "active" in self.schema[model] else {}
        blank |= {"state": "draft", "name": f"S{number:05d}"} if model == "sale.order" else {}
        now = self._clock()
        self.rows[model][number] = blank | values | {"id": number, "create_date": now, "write_date": now}
        self.late.made(number)
        return number

    def edit(self, model: str, number: int, /, **values: Any) -> None:
        self.rows[model][number] |= values | {"write_date": self._clock()}

    async def _version(self) -> Response:
        if self._major() < 19:
            return Response("<html>404</html>", 404, media_type="text/html")
        return JSONResponse({"version": self.version, "version_info": [self._major(), 0, 0, "final", 0, ""]})

    def _major(self) -> int:
        return int(self.version.partition(".")[0])

    async def _json_2(self, model: str, method: str, request: Request) -> Response:
        if self._major() < 19:
            return Response("<html>404</html>", 404, media_type="text/html")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer" or key not in self.keys:
                raise Refused("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401)
            if request.headers.get("x-odoo-database") != "crm":
                raise Refused("werkzeug.exceptions.NotFound", "no database", 404)
            body = await request.json()
            ids, context = body.pop("ids", None), body.pop("context", {})
            return JSONResponse(self._called(model, method, ids, body, context))
        except Refused as error:
            said = {"name": error.name, "message": error.message, "arguments": [error.message], "context": {}}
            return JSONResponse(said | {"debug": f"Traceback … {key}"}, error.status)

    async def _json_rpc(self, request: Request) -> Response:
        params = (await request.json())["params"]
        try:
            result = self._service(params["service"], params["method"], params["args"])
        except Refused as error:
            data = {
                "name": error.name,
                "message": error.message,
                "arguments": [error.message],
                "debug": "Traceback …",
            }
            failed = {"code": 200, "message": "Odoo Server Error", "data": data}
            return JSONResponse({"jsonrpc": "2.0", "id": 1, "error": failed})
        return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": result})

    def _service(self, service: str, method: str, args: list[Any]) -> Any:
        match service, method, args:
            case "common", "version", []:
                return {"server_version": self.version}
            case "common", "authenticate", ["crm", login, key, {}]:
                return 7 if login == "bot" and key in self.keys else False
            case "object", "execute_kw", ["crm", 7, key, model, name, place, named] if key in self.keys:
                if model not in self.schema:
                    raise user_error(f"Object {model} doesn't exist")
                named = dict(named)
                context = named.pop("context", {})
                return self._called(model, name, place[0] if place else None, named, context)
        raise Refused("odoo.exceptions.AccessDenied", "Access Denied")

    def _called(self, model: str, method: str, ids: Any, named: Row, context: Row) -> Any:
        if model not in self.schema:
            raise Refused("werkzeug.exceptions.NotFound", f"the model '{model}' does not exist", 404)
        if (
            method not in ARGUMENTS
            or (ids is not None) != (method in ON_IDS)
            or set(named) - ARGUMENTS[method]
        ):
            raise Refused("builtins.TypeError", f"{method}() got an unexpected argument", 422)
        if method in {"load", "write", "unlink", "action_cancel"} and self.trouble:
            raise self.trouble.pop(0)
        before = copy.deepcopy(self.rows)
        try:
            return getattr(self, f"_do_{method}")(model, ids, named, context)
        except Refused:
            self.rows = before  # each call is a transaction
            raise

    def _do_fields_get(self, model: str, ids: None, named: Row, context: Row) -> Any:
        made = {}
        for name, kind in self.schema[model].items():
            of, _, rest = kind.partition(":")
            made[name] = {"type": of} | ({"relation": rest} if "2" in of and rest else {})
        return made

    def _do_search(self, model: str, ids: None, named: Row, context: Row) -> Any:
        hidden = "active" in self.schema[model] and context.get("active_test", True)
        found = [
            row
            for row in self.rows[model].values()
            if (not hidden or row["active"])
            and self.late.shows(row["id"])
            and all(self._fits(model, row, *one) for one in named.get("domain", []))
        ]
        for part in reversed([one.split() for one in named.get("order", "id").split(",")]):
            self._kind(model, part[0])
            found.sort(key=lambda row: row[part[0]], reverse=part[1:] == ["desc"])
        return [row["id"] for row in found[: named.get("limit")]]

    def _do_search_read(self, model: str, ids: None, named: Row, context: Row) -> Any:
        fields = {"id", *named["fields"]}
        for name in fields:
            self._kind(model, name)
        found = self._do_search(model, ids, named, context)
        return [
            {name: self._shown(model, self.rows[model][number], name) for name in fields} for number in found
        ]

    def _do_load(self, model: str, ids: None, named: Row, context: Row) -> Any:
        before = copy.deepcopy(self.rows)
        try:
            return {"ids": self._loaded(model, named["fields"], named["data"], context), "messages": []}
        except Refused as error:
            self.rows = before
            return {
                "ids": False,
                "messages": [{"type": "error", "message": error.message, "rows": {"from": 0, "to": 0}}],
            }

    def _do_write(self, model: str, ids: list[int], named: Row, context: Row) -> Any:
        for number in ids:
            if number not in self.rows[model]:
                raise Refused(
                    "odoo.exceptions.MissingError", "Record does not exist or has been deleted.", 404
                )
            row = self.rows[model][number]
            for name, value in named["vals"].items():
                if self._kind(model, name).startswith("many2many"):
                    for code, other, _ in value:
                        row[name] = [one for one in row[name] if one != other] + (
                            [other] if code == 4 else []
                        )
                else:
                    row[name] = self._taken(model, name, value)
            row["write_date"] = self._clock()
        return True

    def _do_unlink(self, model: str, ids: list[int], named: Row, context: Row) -> Any:
        for number in ids:
            if self.rows[model].pop(number, None) is None:
                raise Refused(
                    "odoo.exceptions.MissingError", "Record does not exist or has been deleted.", 404
                )
        return True

    def _do_action_cancel(self, model: str, ids: list[int], named: Row, context: Row) -> Any:
        if model != "sale.order":
            raise Refused("builtins.AttributeError", f"{model} has no method action_cancel", 422)
        for number in ids:
            self.edit(model, number, state="cancel")
        return True

    def _loaded(self, model: str, columns: list[str], data: list[list[Any]], context: Row) -> list[int]:
        if any(len(row) != len(columns) or any(not isinstance(cell, str) for cell in row) for row in data):
            raise user_error("every cell is a text, every row as long as the columns")
        zone = timedelta(0) if context.get("tz") == "UTC" else self.zone
        values: Row = {}
        xml, lines = "", [dict[str, Any]() for _ in data]
        for at, column in enumerate(columns):
            name, _, rest = column.partition("/")
            if column == "id":
                xml = data[0][at]
            elif self._kind(model, name).startswith("one2many"):
                of = self.schema[model][name].partition(":")[2]
                inner, _, how = rest.partition("/")
                for line, row in zip(lines, data, strict=True):
                    line[inner] = self._cell(of, inner, how, row[at], zone)
            else:
                values[name] = self._cell(model, name, rest, data[0][at], zone)
        if not re.fullmatch(r"[A-Za-z0-9_]+\.[A-Za-z0-9_]+", xml):
            raise user_error(f"{xml} is no external id")
        return [self._saved(model, xml, values, [line for line in lines if line])]

    def _saved(self, model: str, xml: str, values: Row, lines: list[Row]) -> int:
        module, _, short = xml.partition(".")
        known = next((row for row in self.rows["ir.model.data"].values() if (row["module"], row["name"]) == (module, short)), None)  # fmt: skip
        if known and known["res_id"] in self.rows[model]:
            number = known["res_id"]
            self.edit(model, number, **values)
        else:
            lacking = [name for name in REQUIRED.get(model, ()) if not values.get(name)]
            if lacking:
                raise user_error(f"Missing required value for the field '{lacking[0]}'")
            number = self.add(model, **values)
            self.add("ir.model.data", module=module, name=short, model=model, res_id=number)
        row = self.rows[model][number]
        for name in {"res_model"} & set(self.schema[model]):
            row[name] = self.rows["ir.model"][row["res_model_id"]]["name"]
        for line in lines:
            row["order_line"] = [*row["order_line"], self.add("sale.order.line", **line)]
            total = line["product_uom_qty"] * line["price_unit"] * (1 - line.get("discount", 0) / 100)
            row["amount_total"] = (row["amount_total"] or 0.0) + total
        return int(number)

    def _cell(self, model: str, name: str, how: str, text: str, zone: timedelta) -> Any:
        kind, _, relation = self._kind(model, name).partition(":")
        if not text:
            return False
        if kind == "many2one" and how == ".id":
            if not text.isdecimal() or int(text) not in self.rows[relation]:
                raise user_error(f"No matching record found for database id '{text}' in field '{name}'")
            return int(text)
        if kind == "many2one" and how == "id":
            module, _, short = text.partition(".")
            found = [row["res_id"] for row in self.rows["ir.model.data"].values() if (row["module"], row["name"]) == (module, short)]  # fmt: skip
            if not found:
                raise user_error(f"No matching record found for external id '{text}' in field '{name}'")
            return found[0]
        if how:
            raise user_error(f"Can not create {kind} records indirectly: {name}/{how}")
        if kind == "datetime":
            return self._taken(model, name, text) - zone
        if kind in {"float", "monetary", "integer", "many2one_reference"}:
            return self._taken(model, name, float(text) if kind in {"float", "monetary"} else int(text))
        return self._taken(model, name, text)

    def _taken(self, model: str, name: str, value: Any) -> Any:
        kind, _, rest = self._kind(model, name).partition(":")
        if value is False:
            return False
        match kind:
            case "datetime":
                return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            case "date" if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                raise user_error(f"'{value}' does not seem to be a valid date for field '{name}'")
            case "selection" if value not in rest.split(","):
                raise user_error(f"Value '{value}' not found in selection field '{name}'")
            case "many2one" if value not in self.rows[rest]:
                raise Refused("odoo.exceptions.MissingError", f"{rest} {value} does not exist", 404)
            case "float" | "monetary" if isinstance(value, str | bool):
                raise user_error(f"'{value}' is no number")
            case "boolean" if not isinstance(value, bool):
                raise user_error(f"'{value}' is no boolean")
        return value

    def _kind(self, model: str, name: str) -> str:
        if name not in self.schema[model]:
            raise Refused("builtins.ValueError", f"Invalid field '{name}' on model '{model}'", 422)
        return self.schema[model][name]

    def _fits(self, model: str, row: Row, name: str, operator: str, wanted: Any) -> bool:
        kind = self._kind(model, name)
        value = row[name]
        if kind == "datetime" and value and isinstance(wanted, str):
            wanted = datetime.strptime(wanted, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        match operator:
            case "=":
                return bool(value == wanted)
            case "!=":
                return bool(value != wanted)
            case "in":
                return bool(set(value) & set(wanted)) if isinstance(value, list) else value in wanted
            case ">":
                return bool(value > wanted)
            case ">=":
                return bool(value and value >= wanted)
            case "child_of":
                while value and value != wanted:
                    value = self.rows["res.partner"][value]["parent_id"]
                return bool(value)
        raise Refused("builtins.ValueError", f"Invalid operator {operator}", 422)

    def _shown(self, model: str, row: Row, name: str) -> Any:
        kind, _, relation = self._kind(model, name).partition(":")
        value = row[name]
        if kind == "datetime" and value:
            return f"{value:%Y-%m-%d %H:%M:%S}"  # the database keeps microseconds, the wire drops them
        if kind == "many2one" and value:
            return [value, self.rows[relation][value]["name"]]
        return value
