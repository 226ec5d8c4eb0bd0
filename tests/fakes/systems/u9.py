"""A gateway over SQL views of a 用友 U9, as its template describes it: rows without names, errors inside HTTP 200, local times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

Row = dict[str, Any]
VIEWS: dict[str, tuple[str, ...]] = {
    "V_YIJU_CUSTOMER": (
        "CODE", "NAME", "SHORT_NAME", "SALESMAN_CODE", "INDUSTRY", "CATEGORY_CODE", "TERRITORY", "PAY_TERM", "CREDIT_LIMIT",
        "CREATED_ON", "MODIFIED_ON",
    ),
    "V_YIJU_CONTACT": ("ID", "CUSTOMER_CODE", "NAME", "JOB_TITLE", "MOBILE"),
    "V_YIJU_SO": (
        "DOC_NO", "CUSTOMER_CODE", "SUMMARY", "TOTAL_MONEY_TC", "STATUS", "BUSINESS_DATE", "DELIVERY_DATE", "MODIFIED_ON",
    ),
    "V_YIJU_AR": ("DOC_NO", "CUSTOMER_CODE", "SUMMARY", "AR_MONEY", "PAID_MONEY", "DUE_DATE", "MODIFIED_ON"),
}  # fmt: skip
KNOWN = {"view", "where", "since", "orderBy", "pageIndex", "pageSize"}


class FakeU9:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.views = {view: list(columns) for view, columns in VIEWS.items()}
        self.rows: dict[str, list[Row]] = {view: [] for view in VIEWS}
        self.tokens: set[str] = set()
        self.signed_in = 0
        self.app = FastAPI()
        self.app.post("/api/auth/token")(self._token)
        self.app.post("/api/views/query")(self._query)

    def put(self, view: str, **values: Any) -> None:
        """Makes a row, or changes the one of that number."""
        key = self.views[view][0]
        now = f"{self._clock().astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"
        row = next((one for one in self.rows[view] if one[key] == values[key]), None)
        if row is None:
            row = dict.fromkeys(VIEWS[view]) | ({"CREATED_ON": now} if "CREATED_ON" in VIEWS[view] else {})
            self.rows[view].append(row)
        row |= values | ({"MODIFIED_ON": now} if "MODIFIED_ON" in VIEWS[view] else {})

    async def _token(self, request: Request) -> Response:
        wanted = {"userCode": "yiju", "password": "pw", "entCode": "01", "orgCode": "100"}
        if await request.json() != wanted:
            return JSONResponse({"code": 500, "message": "用户或密码错误", "data": None})
        self.signed_in += 1
        self.tokens.add(f"t{self.signed_in}")
        return JSONResponse({"code": 200, "data": {"token": f"t{self.signed_in}"}})

    async def _query(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"code": "401", "message": "token 失效"})
        asked = await request.json()
        if asked["view"] not in self.views or set(asked) - KNOWN:
            return JSONResponse({"code": 500, "message": f"视图 {asked['view']} 不存在"})
        columns = self.views[asked["view"]]
        found = [
            row
            for row in self.rows[asked["view"]]
            if all(row[one] == value for one, value in asked.get("where", {}).items())
        ]
        for place, since in asked.get("since", {}).items():
            datetime.strptime(since, "%Y-%m-%d %H:%M:%S")
            found = [row for row in found if row[place] >= since]
        for part in reversed(asked.get("orderBy", columns[0]).split(", ")):
            place, _, way = part.partition(" ")
            found.sort(key=lambda row: str(row[place]), reverse=way == "DESC")
        size = asked.get("pageSize", len(found) or 1)
        start = (asked.get("pageIndex", 1) - 1) * size
        rows = [[row.get(one) for one in columns] for row in found[start : start + size]]
        return JSONResponse({"code": 0, "message": "", "data": {"columns": columns, "rows": rows}})
