"""A REST gateway of a 鼎捷 T100, as its template describes it: `std_data` in and out, amounts as texts, errors inside HTTP 200."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

Row = dict[str, Any]


class FakeT100:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.customers: dict[str, Row] = {}
        self.orders: dict[str, Row] = {}
        self.quotations: dict[str, Row] = {}
        self.trouble: list[tuple[str, str]] = []
        """Code and description that the next services answer with."""
        self._numbers = itertools.count(1)
        self.app = FastAPI()
        self.app.post("/restful/service/{service}")(self._called)

    def now(self) -> str:
        return f"{self._clock().astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"

    def customer(self, number: str, **values: Any) -> None:
        blank = dict.fromkeys(("pmaal003", "pmaal004", "pmab081", "pmaa090", "pmaa006", "pmaa092", "pmab087"))
        self.customers[number] = (
            blank | {"pmaacrtdt": self.now()} | values | {"pmaa001": number, "pmaamoddt": self.now()}
        )

    def order(self, number: str, **values: Any) -> None:
        before = self.orders.get(number, {"xmdadocno": number, "xmdastus": "Y", "xmda071": None})
        self.orders[number] = before | values | {"xmdamoddt": self.now()}

    async def _called(self, service: str, request: Request) -> Response:
        given = (await request.json())["std_data"]["parameter"]
        if request.headers.get("token") != "t-1":
            return self._said("403", "token 不正确")
        if self.trouble:
            return self._said(*self.trouble.pop(0))
        match service:
            case "customer.data.get":
                return self._rows("customers", self.customers, given, {"customer_no": "pmaa001"})
            case "sales.order.get":
                return self._rows("orders", self.orders, given, {"customer_no": "xmda004"})
            case "quotation.get":
                places = {"customer_no": "xmfd003", "doc_no": "xmfddocno", "yiju_key": "yiju_key"}
                return self._rows("quotations", self.quotations, given, places)
            case "quotation.create":
                return self._create(given["quotation"])
            case "quotation.invalid":
                self.quotations[given["doc_no"]] |= {"xmfdstus": "X", "xmfdmoddt": self.now()}
                return self._said("0", "", {})
        return self._said("404", f"服务 {service} 不存在")

    def _rows(self, name: str, rows: dict[str, Row], given: Row, places: dict[str, str]) -> Response:
        found = list(rows.values())
        for asked, place in places.items():
            found = [row for row in found if asked not in given or row.get(place) == given[asked]]
        if since := given.get("modified_since"):
            datetime.strptime(since, "%Y-%m-%d %H:%M:%S")
            found = sorted(
                (row for row in found if row["xmdamoddt"] >= since), key=lambda row: row["xmdamoddt"]
            )
        size = given.get("page_size", len(found) or 1)
        start = (given.get("page_no", 1) - 1) * size
        return self._said("0", "", {name: found[start : start + size]})

    def _create(self, given: Row) -> Response:
        if given["xmfd003"] not in self.customers:
            return self._said("500", "客户编号不存在")
        if not all(isinstance(line[one], str) for line in given["details"] for one in ("qty", "price")):
            return self._said("500", "数量和单价要用字符串")
        number = f"XQ-{next(self._numbers):06d}"
        total = sum(float(line["qty"]) * float(line["price"]) for line in given["details"])
        own = {"xmfddocno": number, "xmfdstus": "N", "xmfdmoddt": self.now(), "xmfd024": f"{total:.2f}"}
        self.quotations[number] = {"xmfd013": None, **given, **own}
        return self._said("0", "", {"doc_no": number})

    @staticmethod
    def _said(code: str, words: str, parameter: Row | None = None) -> Response:
        execution = {"code": code, "description": words, "sql_code": ""}
        return JSONResponse({"std_data": {"execution": execution, "parameter": parameter or {}}})
