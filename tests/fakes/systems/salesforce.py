"""A strict Salesforce org: tokens that end, whole seconds, pages, errors as arrays, partial failure inside a 200."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from crm_bridge.adapters.salesforce.soql import long_id
from tests.fakes.systems.soql import Malformed, Query, parsed

VERSION = "v63.0"
Row = dict[str, Any]
_SYSTEM = {"Id": "id", "CreatedDate": "datetime", "LastModifiedDate": "datetime", "SystemModstamp": "datetime", "IsDeleted": "boolean"}  # fmt: skip
_OWNED = {"OwnerId": "reference:Owner:User"}
_KEY = {"Copilot_Key__c": "string!"}
"""`!` is an external id that is unique; `*` cannot be filtered; `reference:Name:Object` is a relation."""
SCHEMA: dict[str, dict[str, str]] = {
    "User": {"Alias": "string", "Username": "string", "IsActive": "boolean"},
    "Account": {
        "Name": "string", "Short_Name__c": "string", "Aliases__c": "string", "Industry": "picklist",
        "Customer_Tier__c": "picklist", "Region__c": "string", "Payment_Days__c": "double", "Description": "textarea*", **_OWNED,
    },
    "Contact": {"Name": "string", "Title": "string", "Phone": "phone", "AccountId": "reference:Account:Account"},
    "Opportunity": {
        "Name": "string", "StageName": "picklist", "CloseDate": "date", "Amount": "currency",
        "TotalOpportunityQuantity": "double", "Description": "textarea*", "AccountId": "reference:Account:Account",
        "IsClosed": "boolean", **_OWNED, **_KEY,
    },
    "Quote": {
        "Name": "string", "Status": "picklist", "TotalPrice": "currency", "ExpirationDate": "date", "Description": "textarea*",
        "OpportunityId": "reference:Opportunity:Opportunity", "Pricebook2Id": "reference:Pricebook2:Pricebook2", **_KEY,
    },
    "QuoteLineItem": {
        "QuoteId": "reference:Quote:Quote", "PricebookEntryId": "reference:PricebookEntry:PricebookEntry",
        "Product2Id": "reference:Product2:Product2", "Quantity": "double", "UnitPrice": "currency", "Discount": "percent",
    },
    "Pricebook2": {"Name": "string", "IsStandard": "boolean"},
    "Product2": {"Name": "string", "ProductCode": "string"},
    "PricebookEntry": {
        "Pricebook2Id": "reference:Pricebook2:Pricebook2", "Product2Id": "reference:Product2:Product2",
        "IsActive": "boolean",
    },
    "Order": {"OrderNumber": "string", "TotalAmount": "currency", "Status": "picklist", "EffectiveDate": "date", "AccountId": "reference:Account:Account"},
    "Contract": {"ContractNumber": "string", "StartDate": "date", "EndDate": "date", "AccountId": "reference:Account:Account"},
    "Case": {
        "CaseNumber": "string", "Subject": "string", "Status": "picklist", "Origin": "picklist", "Priority": "picklist",
        "Description": "textarea*", "AccountId": "reference:Account:Account", **_OWNED, **_KEY,
    },
    "Task": {
        "Subject": "string", "Status": "picklist", "Priority": "picklist", "ActivityDate": "date", "Description": "textarea*",
        "WhatId": "reference:What:Account", "AccountId": "reference:Account:Account", **_OWNED,
    },
    "Event": {
        "Subject": "string", "StartDateTime": "datetime", "EndDateTime": "datetime", "Location": "string",
        "Description": "textarea*", "WhatId": "reference:What:Account", "AccountId": "reference:Account:Account", **_OWNED,
    },
}  # fmt: skip
REQUIRED = {
    "Opportunity": ("Name", "StageName", "CloseDate"), "Task": ("Status",), "Quote": ("Name", "OpportunityId"),
    "Event": ("StartDateTime", "EndDateTime"), "QuoteLineItem": ("QuoteId", "PricebookEntryId", "Quantity", "UnitPrice"),
}  # fmt: skip
READ_ONLY = {
    "AccountId": ("Task", "Event"),
    "IsClosed": ("Opportunity",),
    "TotalPrice": ("Quote",),
    "CaseNumber": ("Case",),
}
PREFIX = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "Task": "00T",
    "Event": "00U",
}


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.body = [{"message": message, "errorCode": code, "fields": list(fields)}]


class FakeSalesforce:
    """`instance` is where the org says that it lives; calls at other hosts are refused."""

    def __init__(
        self, clock: Callable[[], datetime], instance: str = "https://acme.my.salesforce.com"
    ) -> None:
        self._clock = clock
        self.instance = instance
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in SCHEMA}
        self.schema = {name: {**_SYSTEM, **fields} for name, fields in SCHEMA.items()}
        self.tokens: set[str] = set()
        self.used, self.most = 1, 100_000
        self.page = 2000
        self.trouble: list[Refused] = []
        """What the next writes are answered with."""
        self._numbers = itertools.count(1)
        self._pages: dict[str, list[Row]] = {}
        self.app = FastAPI()
        self.app.add_exception_handler(Refused, _refused)
        self.app.post("/services/oauth2/token")(self._token)
        self.app.api_route(
            "/services/data/{version}/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"]
        )(self._data)

    def add(self, name: str, **values: Any) -> str:
        """As a colleague would in Salesforce itself."""
        return self._insert(name, values)

    def edit(self, name: str, number: str, **values: Any) -> None:
        self.rows[name][number] |= values
        self._touch(name, number)

    def end_sessions(self) -> None:
        self.tokens.clear()

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        if request.headers["content-type"] != "application/x-www-form-urlencoded":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if form.get("client_secret") != ["s3cret"] or form.get("grant_type") != ["client_credentials"]:
            return JSONResponse(
                {"error": "invalid_client", "error_description": "invalid client credentials"}, 400
            )
        token = f"00D!{next(self._numbers)}"
        self.tokens.add(token)
        issued = str(int(self._clock().timestamp() * 1000))
        return JSONResponse(
            {
                "access_token": token,
                "instance_url": self.instance,
                "token_type": "Bearer",
                "issued_at": issued,
            }
        )

    async def _data(self, version: str, path: str, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if f"{request.url.scheme}://{request.url.hostname}" != self.instance:
            raise Refused(404, "URL_NOT_RESET", "wrong instance")
        if self.used >= self.most:
            raise Refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.used += 1
        if version != VERSION:
            raise Refused(404, "NOT_FOUND", f"no version {version}")
        body = await request.json() if await request.body() else None
        status, answer = self._answer(
            request.method, path, request.query_params.get("q", ""), body, request.headers
        )
        response = Response(status_code=204) if answer is None else JSONResponse(answer, status)
        response.headers["Sforce-Limit-Info"] = f"api-usage={self.used}/{self.most}"
        return response

    def _answer(self, method: str, path: str, q: str, body: Any, headers: Any) -> tuple[int, Any]:
        match method, path.split("/"):
            case "GET", ["query" | "queryAll" as how]:
                return 200, self._query(q, deleted_too=how == "queryAll")
            case "GET", ["query", locator]:
                return 200, self._next(locator)
            case "GET", ["sobjects", name, "describe"]:
                return 200, {"name": name, "fields": self._described(name)}
            case "POST", ["composite"]:
                return 200, self._composite(body, headers)
            case "POST", ["sobjects", name]:
                self._stumble()
                return 201, {"id": self._insert(name, body), "success": True, "errors": []}
            case "PATCH", ["sobjects", name, number]:
                self._stumble()
                self._update(name, number, body, headers)
                return 204, None
            case "DELETE", ["sobjects", name, number]:
                row = self._row(name, number)
                row["IsDeleted"] = True
                self._touch(name, row["Id"])
                return 204, None
            case "PATCH", ["sobjects", name, key, value]:
                self._stumble()
                return self._upsert(name, key, value, body)
        raise Refused(404, "NOT_FOUND", f"{method} {path}")

    def _stumble(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)

    def _fields(self, name: str) -> dict[str, str]:
        if name not in self.schema:
            raise Refused(404, "NOT_FOUND", f"The requested resource does not exist: {name}")
        return self.schema[name]

    def _described(self, name: str) -> list[Row]:
        return [
            {
                "name": field,
                "type": kind.split(":")[0].rstrip("!*"),
                "relationshipName": kind.split(":")[1] if ":" in kind else None,
            }
            for field, kind in self._fields(name).items()
        ]

    def _query(self, text: str, deleted_too: bool) -> Row:
        try:
            query = parsed(text)
        except Malformed as error:
            raise Refused(400, "MALFORMED_QUERY", str(error)) from error
        for place in (*query.fields, *query.filtered, *(name for name, _ in query.order)):
            self._kind(query.of, place)
        for place in query.filtered:
            if self._kind(query.of, place).endswith("*"):
                raise Refused(400, "INVALID_FIELD", f"field '{place}' can not be filtered in a query call")
        found = [
            row
            for row in self.rows[query.of].values()
            if (deleted_too or not row["IsDeleted"])
            and query.where(lambda place, row=row: self._value(query.of, row, place))  # type: ignore[misc]
        ]
        for place, down in reversed(query.order):
            found.sort(key=lambda row: str(self._value(query.of, row, place) or ""), reverse=down)
        return self._paged([self._shown(query, row) for row in found[: query.limit]])

    def _paged(self, rows: list[Row]) -> Row:
        """The pages are kept as they were when the query ran."""
        if len(rows) <= self.page:
            return {"totalSize": len(rows), "done": True, "records": rows}
        locator = f"01g{next(self._numbers)}-{self.page}"
        self._pages[locator] = rows[self.page :]
        following = f"/services/data/{VERSION}/query/{locator}"
        return {
            "totalSize": len(rows),
            "done": False,
            "nextRecordsUrl": following,
            "records": rows[: self.page],
        }

    def _next(self, locator: str) -> Row:
        if locator not in self._pages:
            raise Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._paged(self._pages.pop(locator))

    def _kind(self, name: str, place: str) -> str:
        head, _, rest = place.partition(".")
        fields = self._fields(name)
        if not rest:
            if head not in fields:
                raise Refused(400, "INVALID_FIELD", f"No such column '{head}' on entity '{name}'")
            return fields[head]
        related = next((kind for kind in fields.values() if kind.split(":")[1:2] == [head]), None)
        if related is None:
            raise Refused(400, "INVALID_FIELD", f"Didn't understand relationship '{head}' in field path")
        return self._kind(related.split(":")[2], rest)

    def _value(self, name: str, row: Row | None, place: str) -> Any:
        head, _, rest = place.partition(".")
        if row is None or not rest:
            return None if row is None else row.get(head)
        field, kind = next(pair for pair in self.schema[name].items() if pair[1].split(":")[1:2] == [head])
        other = kind.split(":")[2]
        return self._value(other, self.rows[other].get(str(row.get(field))), rest)

    def _shown(self, query: Query, row: Row) -> Row:
        url = f"/services/data/{VERSION}/sobjects/{query.of}/{row['Id']}"
        made: Row = {"attributes": {"type": query.of, "url": url}}
        for place in query.fields:
            head, _, rest = place.partition(".")
            if rest:
                inner = made.setdefault(head, {"attributes": {"type": head}})
                inner[rest] = self._value(query.of, row, place)
            else:
                made[head] = row.get(head)
        return made

    def _row(self, name: str, number: str) -> Row:
        self._fields(name)
        row = self.rows[name].get(long_id(number) or "")
        if row is None:
            raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
        if row["IsDeleted"]:
            raise Refused(404, "ENTITY_IS_DELETED", "entity is deleted")
        return row

    def _checked(self, name: str, values: Row) -> None:
        for field, value in values.items():
            kind = self._fields(name).get(field)
            if kind is None:
                raise Refused(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {name}")
            if field in _SYSTEM or name in READ_ONLY.get(field, ()):
                raise Refused(
                    400,
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {field}",
                    (field,),
                )
            if value is not None and not _fits(kind, value):
                raise Refused(
                    400,
                    "JSON_PARSER_ERROR",
                    f"Cannot deserialize instance of {kind} from {value!r}",
                    (field,),
                )
            if ":" in kind and value is not None and value not in self.rows[kind.split(":")[2]]:
                raise Refused(
                    400, "INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {value}", (field,)
                )
            if kind.endswith("!") and any(row.get(field) == value for row in self.rows[name].values()):
                raise Refused(400, "DUPLICATE_VALUE", f"duplicate value found: {field}", (field,))

    def _insert(self, name: str, values: Row) -> str:
        self._checked(name, values)
        lacking = tuple(field for field in REQUIRED.get(name, ()) if values.get(field) in (None, ""))
        if lacking:
            raise Refused(
                400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {list(lacking)}", lacking
            )
        short = f"{PREFIX.get(name, '0zz')}Dx{next(self._numbers):010d}"
        number = str(long_id(short))
        row = {"Id": number, "CreatedDate": self._now(), "IsDeleted": False, "IsClosed": False, **values}
        row["CaseNumber"] = f"{len(self.rows['Case']) + 1:08d}"
        if name in ("Task", "Event"):
            row["AccountId"] = values.get("WhatId")
        self.rows[name][number] = row
        self._touch(name, number)
        if name == "QuoteLineItem":
            total = values["Quantity"] * values["UnitPrice"] * (1 - values.get("Discount", 0) / 100)
            quote = self.rows["Quote"][values["QuoteId"]]
            quote["TotalPrice"] = (quote.get("TotalPrice") or 0) + total
        return number

    def _update(self, name: str, number: str, values: Row, headers: Any) -> None:
        row = self._row(name, number)
        if asked := headers.get("if-unmodified-since"):
            at = datetime.strptime(row["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.000+0000").replace(tzinfo=UTC)
            if at > parsedate_to_datetime(asked):
                raise Refused(412, "PRECONDITION_FAILED", "The record was modified since")
        self._checked(name, values)
        row |= values
        self._touch(name, row["Id"])

    def _upsert(self, name: str, key: str, value: str, values: Row) -> tuple[int, Any]:
        if not self._fields(name).get(key, "").endswith("!"):
            raise Refused(
                404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {key}"
            )
        if key in values:
            raise Refused(
                400, "INVALID_FIELD", f"The {key} field should not be specified in the sobject data."
            )
        found = [
            row["Id"] for row in self.rows[name].values() if row.get(key) == value and not row["IsDeleted"]
        ]
        if len(found) > 1:
            return 300, [f"/services/data/{VERSION}/sobjects/{name}/{number}" for number in found]
        if found:
            self._checked(name, values)
            self.edit(name, found[0], **values)
            return 200, {"id": found[0], "success": True, "errors": [], "created": False}
        number = self._insert(name, values | {key: value})
        return 201, {"id": number, "success": True, "errors": [], "created": True}

    def _composite(self, body: Row, headers: Any) -> Row:
        """All or none: after a failure the others are told that they were halted, and nothing stays."""
        parts = body["compositeRequest"]
        if len(parts) > 25 or not body.get("allOrNone"):
            raise Refused(400, "LIMIT_EXCEEDED", "at most 25 parts")
        before = {
            name: {number: dict(row) for number, row in rows.items()} for name, rows in self.rows.items()
        }
        made: dict[str, str] = {}
        answers: list[Row] = []
        for part in parts:
            path = part["url"].removeprefix(f"/services/data/{VERSION}/")
            values = {
                field: made.get(str(value)[2:-4], value) if str(value).startswith("@{") else value
                for field, value in part["body"].items()
            }
            try:
                status, answer = self._answer(part["method"], path, "", values, headers)
                made[part["referenceId"]] = answer["id"]
                answers.append({"body": answer, "httpStatusCode": status, "referenceId": part["referenceId"]})
            except Refused as error:
                self.rows = before
                halted = Refused(
                    400,
                    "PROCESSING_HALTED",
                    "The transaction was rolled back since another operation failed.",
                )
                bodies = [error.body if one is part else halted.body for one in parts]
                return {"compositeResponse": [{"body": one, "httpStatusCode": 400} for one in bodies]}
        return {"compositeResponse": answers}

    def _touch(self, name: str, number: str) -> None:
        self.rows[name][number]["SystemModstamp"] = self.rows[name][number]["LastModifiedDate"] = self._now()

    def _now(self) -> str:
        return f"{self._clock():%Y-%m-%dT%H:%M:%S.000+0000}"


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "currency" | "double" | "percent":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "date":
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)))
        case "datetime":
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(value)))
        case _:
            return isinstance(value, str)


async def _refused(request: Request, error: Any) -> Response:
    return JSONResponse(error.body, error.status)
