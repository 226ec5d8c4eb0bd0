"""A strict HubSpot account: texts only, a search that lags, mixed batches, limits with policies, keys that are unique."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

Row = dict[str, Any]
_OWNER = {"hubspot_owner_id": "string", "hs_lastmodifieddate": "datetime"}
_HS = {"hs_createdate": "datetime", **_OWNER}
SCHEMA: dict[str, dict[str, str]] = {
    "companies": {
        "name": "string", "short_name": "string", "aliases": "string", "industry": "enumeration", "customer_tier": "enumeration",
        "region": "string", "payment_days": "number", "description": "string", "createdate": "datetime", **_OWNER,
    },
    "contacts": {
        "firstname": "string", "lastname": "string", "jobtitle": "string", "phone": "string", "createdate": "datetime",
        "lastmodifieddate": "datetime", "hubspot_owner_id": "string",
    },
    "deals": {
        "dealname": "string", "pipeline": "enumeration", "dealstage": "enumeration", "amount": "number", "closedate": "datetime",
        "description": "string", "copilot_key": "unique", "createdate": "datetime", **_OWNER,
    },
    "tickets": {
        "subject": "string", "content": "string", "hs_pipeline": "enumeration", "hs_pipeline_stage": "enumeration",
        "hs_ticket_priority": "enumeration", "copilot_key": "unique", "createdate": "datetime", **_OWNER,
    },
    "tasks": {
        "hs_task_subject": "string", "hs_task_body": "string", "hs_task_status": "enumeration", "hs_task_type": "enumeration",
        "hs_task_priority": "enumeration", "hs_timestamp": "datetime", **_HS,
    },
    "meetings": {
        "hs_meeting_title": "string", "hs_meeting_body": "string", "hs_meeting_start_time": "datetime",
        "hs_meeting_end_time": "datetime", "hs_meeting_location": "string", "hs_timestamp": "datetime", **_HS,
    },
    "notes": {"hs_note_body": "string", "hs_timestamp": "datetime", **_HS},
    "quotes": {
        "hs_title": "string", "hs_status": "enumeration", "hs_expiration_date": "date", "hs_comments": "string",
        "hs_quote_amount": "number", "copilot_key": "unique", **_HS,
    },
    "line_items": {
        "name": "string", "quantity": "number", "price": "number", "hs_discount_percentage": "number", "copilot_key": "unique", **_HS,
    },
    "orders": {
        "hs_order_name": "string", "hs_total_price": "number", "hs_external_order_status": "string",
        "hs_external_created_date": "datetime", "hs_shipping_tracking_number": "string", **_HS,
    },
}  # fmt: skip
REQUIRED = {
    "tasks": ("hs_timestamp",), "meetings": ("hs_timestamp",), "notes": ("hs_timestamp",), "quotes": ("hs_title",),
    "deals": ("dealstage",), "tickets": ("hs_pipeline_stage",),
}  # fmt: skip
PIPELINES = {
    "deals": [
        {"id": "default", "stages": [{"id": "9001", "label": "Appointment Scheduled"}, {"id": "9002", "label": "Presentation Scheduled"}, {"id": "9003", "label": "Contract Sent"}, {"id": "9004", "label": "Closed Won"}]},
        {"id": "renewals", "stages": [{"id": "8001", "label": "Contract Sent"}]},
    ],
    "tickets": [{"id": "0", "stages": [{"id": "1", "label": "New"}, {"id": "4", "label": "Closed"}]}],
}  # fmt: skip
STAGE = {"deals": "dealstage", "tickets": "hs_pipeline_stage"}
LABELS = {"deals": ((341, None), (5, "Primary")), "tickets": ((339, None), (26, "Primary")), "contacts": ((279, None), (1, "Primary"))}  # fmt: skip


class Refused(Exception):
    def __init__(self, status: int, message: str, category: str = "VALIDATION_ERROR", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "status": "error",
            "message": message,
            "correlationId": "c-1",
            "category": category,
            **more,
        }


class FakeHubSpot:
    def __init__(self, clock: Callable[[], Any]) -> None:
        self._clock = clock
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in SCHEMA}
        self.schema = {name: dict(fields) for name, fields in SCHEMA.items()}
        self.links: list[tuple[str, str, str, str, int]] = []
        """From, to, and the type of the association."""
        self.owners = {"41": "zhangsan@acme.cn", "42": "chenjing@acme.cn"}
        self.tokens = {"pat-1"}
        self.lags = False
        """Whether the search still shows the state of the last `catch_up`."""
        self.indexed: dict[str, dict[str, Row]] = {}
        self.trouble: list[Refused] = []
        """What the next calls are answered with."""
        self.forbidden: set[str] = set()
        self.searches: list[Row] = []
        self._numbers = itertools.count(501)
        self.app = FastAPI()
        self.app.add_exception_handler(Refused, _refused)
        self.app.post("/oauth/v1/token")(self._token)
        self.app.api_route("/crm/{version}/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"])(
            self._crm
        )

    def add(self, kind: str, company: str = "", secondary: str = "", **properties: str) -> str:
        """As a colleague would in HubSpot itself."""
        number = self._insert(kind, properties)
        for other, which in ((secondary, 0), (company, -1)):
            if other:
                self._link(kind, number, "companies", other, self._labels(kind, "companies")[which][0])
        return number

    def edit(self, kind: str, number: str, **properties: str) -> None:
        self.rows[kind][number]["properties"] |= properties
        self._touch(kind, number)

    def catch_up(self) -> None:
        self.indexed = {
            kind: {number: row | {"properties": dict(row["properties"])} for number, row in rows.items()}
            for kind, rows in self.rows.items()
        }

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        if form.get("refresh_token") != ["refresh"] or form.get("client_secret") != ["s3cret"]:
            return JSONResponse(
                {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}, 400
            )
        token = f"oauth-{next(self._numbers)}"
        self.tokens.add(token)
        return JSONResponse({"access_token": token, "refresh_token": "refresh", "expires_in": 1800})

    async def _crm(self, version: str, path: str, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refused(401, "The OAuth token used to make this call expired", "EXPIRED_AUTHENTICATION")
        if self.trouble:
            raise self.trouble.pop(0)
        body = await request.json() if await request.body() else None
        status, answer = self._answer(
            request.method, version, path.split("/"), dict(request.query_params), body
        )
        return Response(status_code=204) if answer is None else JSONResponse(answer, status)

    def _answer(
        self, method: str, version: str, path: list[str], query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        match method, version, path:
            case "GET", "v4", ["associations", kind, to, "labels"]:
                found = [{"category": "HUBSPOT_DEFINED", "typeId": number, "label": label} for number, label in self._labels(kind, to)]  # fmt: skip
                return 200, {"results": [{"category": "USER_DEFINED", "typeId": 7, "label": "渠道"}, *found]}
            case "POST", "v4", ["associations", kind, to, "batch", "read"]:
                return 200, {"results": [self._linked(kind, one["id"], to) for one in body["inputs"]]}
            case "GET", "v3", ["properties", kind]:
                return 200, {"results": self._properties(kind)}
            case "GET", "v3", ["pipelines", kind]:
                return 200, {"results": PIPELINES[kind]}
            case "GET", "v3", ["owners"]:
                return 200, self._owners(query)
            case "POST", "v3", ["objects", kind, "search"]:
                return 200, self._search(kind, body)
            case "POST", "v3", ["objects", kind, "batch", "read"]:
                self._most(body["inputs"])
                live = [self.rows[kind].get(one["id"]) for one in body["inputs"]]
                return 200, {"results": [self._shown(kind, row, body["properties"]) for row in live if row and not row["archived"]]}  # fmt: skip
            case "POST", "v3", ["objects", kind, "batch", "upsert"]:
                return self._upsert(kind, body["inputs"])
            case "POST", "v3", ["objects", kind, "batch", "archive"]:
                for one in body["inputs"]:
                    self.rows[kind][one["id"]]["archived"] = True
                return 204, None
            case "POST", "v3", ["objects", kind]:
                number = self._insert(kind, body["properties"])
                for one in body.get("associations", ()):
                    self._associate(kind, number, one)
                return 201, self._shown(kind, self.rows[kind][number], ["hs_object_id"])
            case "GET", "v3", ["objects", kind, number]:
                return 200, self._one(kind, number, query)
            case "PATCH", "v3", ["objects", kind, number]:
                self._checked(kind, body["properties"], number)
                self.edit(kind, self._row(kind, number)["id"], **body["properties"])
                return 200, self._shown(kind, self.rows[kind][number], [])
            case "DELETE", "v3", ["objects", kind, number]:
                self._row(kind, number)["archived"] = True
                self._touch(kind, number)
                return 204, None
        raise Refused(404, f"no {method} {'/'.join(path)}", "OBJECT_NOT_FOUND")

    def _labels(self, kind: str, to: str) -> tuple[tuple[int, str | None], ...]:
        if to == "line_items":
            return ((67, None),)
        return LABELS.get(kind, ((180 + sorted(SCHEMA).index(kind), None),))

    def _linked(self, kind: str, number: str, to: str) -> Row:
        ends: dict[str, list[Row]] = {}
        for a, x, b, y, which in self.links:
            if (a, x, b) == (kind, number, to):
                label = dict(self._labels(kind, to)).get(which)
                ends.setdefault(y, []).append(
                    {"category": "HUBSPOT_DEFINED", "typeId": which, "label": label}
                )
        return {
            "from": {"id": number},
            "to": [{"toObjectId": int(other), "associationTypes": types} for other, types in ends.items()],
        }

    def _properties(self, kind: str) -> list[Row]:
        self._known(kind)
        return [
            {"name": name, "type": "string" if of == "unique" else of, "hasUniqueValue": of == "unique"}
            for name, of in self.schema[kind].items()
        ]

    def _owners(self, query: dict[str, str]) -> Row:
        """One a page."""
        ids = sorted(self.owners)
        at = ids.index(query["after"]) if "after" in query else 0
        page: Row = {"results": [{"id": ids[at], "email": self.owners[ids[at]]}]}
        return page | ({"paging": {"next": {"after": ids[at + 1]}}} if at + 1 < len(ids) else {})

    def _known(self, kind: str) -> None:
        if kind in self.forbidden:
            raise Refused(403, f"This app hasn't been granted all required scopes: {kind}", "MISSING_SCOPES")
        if kind not in self.schema:
            raise Refused(404, f"Unable to infer object type from: {kind}", "OBJECT_NOT_FOUND")

    def _search(self, kind: str, body: Row) -> Row:
        self._known(kind)
        self.searches.append(body)
        (group,) = body["filterGroups"]
        if body["limit"] > 200 or len(body.get("sorts", ())) > 1 or len(group["filters"]) > 6:
            raise Refused(400, "at most 200 rows, 6 filters and one sort")
        if int(body.get("after", 0)) >= 10_000:
            raise Refused(400, "The offset is beyond 10,000")
        if not self.lags:
            self.catch_up()
        found = [
            row for row in self.indexed[kind].values() if not row["archived"] and _fits(row, group["filters"])
        ]
        by = body["sorts"][0]["propertyName"]
        found.sort(key=lambda row: int(row["id"]) if by == "hs_object_id" else row["properties"].get(by, ""))
        return {
            "total": len(found),
            "results": [self._shown(kind, row, body["properties"]) for row in found[: body["limit"]]],
        }

    def _one(self, kind: str, number: str, query: dict[str, str]) -> Row:
        to = [one for one in query.get("associations", "").split(",") if one]
        for one in (kind, *to):
            self._known(one)
        if by := query.get("idProperty"):
            if self.schema[kind].get(by) != "unique":
                raise Refused(400, f"{by} is not a unique property")
            number = next(
                (row["id"] for row in self.rows[kind].values() if row["properties"].get(by) == number), number
            )
        row = self._row(kind, number)
        made = self._shown(kind, row, query.get("properties", "").split(","))
        ends = {
            name: [{"id": y, "type": f"{kind}_to_{name}{'' if dict(self._labels(a if a == kind else b, name)).get(which) else '_unlabeled'}"}
                   for a, x, b, y, which in self._both() if (a, x, b) == (kind, row["id"], name) and not self.rows[name][y]["archived"]]
            for name in to
        }  # fmt: skip
        found = {name: {"results": results} for name, results in ends.items() if results}
        return made | ({"associations": found} if found else {})

    def _both(self) -> list[tuple[str, str, str, str, int]]:
        return [*self.links, *((b, y, a, x, which) for a, x, b, y, which in self.links)]

    def _row(self, kind: str, number: str) -> Row:
        self._known(kind)
        row = self.rows[kind].get(number)
        if row is None or row["archived"]:
            raise Refused(
                404, f"Object not found. objectId are usually numeric: {number}", "OBJECT_NOT_FOUND"
            )
        return row

    def _shown(self, kind: str, row: Row, properties: list[str]) -> Row:
        """What is asked for and not known is left out without a word."""
        known = [name for name in properties if name in self.schema[kind]]
        given = {name: row["properties"].get(name) for name in (*known, "hs_lastmodifieddate")}
        return {**row, "properties": given | {"hs_object_id": row["id"], **({"copilot_key": row["properties"]["copilot_key"]} if row["properties"].get("copilot_key") else {})}}  # fmt: skip

    def _insert(self, kind: str, properties: dict[str, Any]) -> str:
        self._checked(kind, properties)
        lacking = [name for name in REQUIRED.get(kind, ()) if not properties.get(name)]
        if lacking:
            raise Refused(400, f"Error creating {kind}. Some required properties were not set: {lacking}")
        number, now = str(next(self._numbers)), self._now()
        row = {
            "id": number,
            "createdAt": now,
            "updatedAt": now,
            "archived": False,
            "properties": dict(properties),
        }
        created = "hs_createdate" if "hs_createdate" in self.schema[kind] else "createdate"
        row["properties"][created] = now  # type: ignore[index]
        self.rows[kind][number] = row
        self._touch(kind, number)
        return number

    def _associate(self, kind: str, number: str, one: Row) -> None:
        (kind_of,) = one["types"]
        which = kind_of["associationTypeId"]
        other = one["to"]["id"]
        name = next((name for name in ("companies", "line_items") if other in self.rows[name]), "")
        if not name or which not in dict(self._labels(kind, name)):
            raise Refused(400, f"no association {which} from {kind} to {other}")
        self._link(kind, number, name, other, which)

    def _link(self, kind: str, number: str, name: str, other: str, which: int) -> None:
        """The primary company is also an unlabelled one."""
        plain = self._labels(kind, name)[0][0]
        for one in dict.fromkeys((plain, which)):
            self.links.append((kind, number, name, other, one))

    def _checked(self, kind: str, properties: dict[str, Any], own: str = "") -> None:
        self._known(kind)
        for name, value in properties.items():
            of = self.schema[kind].get(name)
            if of is None:
                raise Refused(400, f'Property values were not valid: Property "{name}" does not exist')
            if not isinstance(value, str):
                raise Refused(400, f"{name} was sent as {type(value).__name__}")
            patterns = {"number": r"-?\d+(\.\d+)?", "datetime": r"\d{13}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "date": r"\d{4}-\d\d-\d\d"}  # fmt: skip
            if value and of in patterns and not re.fullmatch(patterns[of], value):
                raise Refused(400, f"{value} was not a valid {of}")
            if name == "hubspot_owner_id" and value not in self.owners:
                raise Refused(400, f"owner {value} does not exist")
            if name == STAGE.get(kind):
                pipeline = next(one for one in PIPELINES[kind] if one["id"] == properties.get("pipeline", properties.get("hs_pipeline", PIPELINES[kind][0]["id"])))  # fmt: skip
                if value not in [stage["id"] for stage in pipeline["stages"]]:
                    raise Refused(400, f"{value} was not one of the allowed options of {name}")
            if of == "unique" and any(row["properties"].get(name) == value and row["id"] != own for row in self.rows[kind].values() if not row["archived"]):  # fmt: skip
                raise Refused(409, f"{name}: another object already has that value {value}", "CONFLICT")

    def _most(self, inputs: list[Row]) -> None:
        if len(inputs) > 100:
            raise Refused(400, "at most 100 inputs")

    def _upsert(self, kind: str, inputs: list[Row]) -> tuple[int, Row]:
        self._most(inputs)
        results, errors = [], []
        for one in inputs:
            by = one["idProperty"]
            live = [row for row in self.rows[kind].values() if not row["archived"]]
            own = next((row["id"] for row in live if row["properties"].get(by) == one["id"]), "")
            try:
                if own:
                    self._checked(kind, one["properties"], own)
                    self.edit(kind, own, **one["properties"])
                number = own or self._insert(kind, one["properties"] | {by: one["id"]})
            except Refused as error:
                errors.append(error.body | {"context": {"objectWriteTraceId": [one["objectWriteTraceId"]]}})
                continue
            results.append(
                self._shown(kind, self.rows[kind][number], [*one["properties"], by]) | {"new": not own}
            )
        answer: Row = {"status": "COMPLETE", "results": results}
        return (207, answer | {"numErrors": len(errors), "errors": errors}) if errors else (200, answer)

    def _touch(self, kind: str, number: str) -> None:
        place = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        self.rows[kind][number]["updatedAt"] = self.rows[kind][number]["properties"][place] = self._now()

    def _now(self) -> str:
        """Some rows have no fraction."""
        now = self._clock()
        return f"{now:%Y-%m-%dT%H:%M:%S}" + (f".{now.microsecond // 1000:03d}Z" if now.microsecond else "Z")


def _fits(row: Row, filters: list[Row]) -> bool:
    from crm_bridge.mapping import TimeMap, instant

    for one in filters:
        name, wanted = one["propertyName"], one["value"]
        match one["operator"]:
            case "GT" if name == "hs_object_id":
                fits = int(row["id"]) > int(wanted)
            case "GTE":
                fits = instant(row["properties"].get(name), TimeMap()) >= instant(wanted, TimeMap())
            case "EQ":
                fits = row["properties"].get(name) == wanted
            case other:
                raise Refused(400, f"operator {other} on {name}")
        if not fits:
            return False
    return True


async def _refused(request: Request, error: Any) -> Response:
    return JSONResponse(error.body, error.status)
