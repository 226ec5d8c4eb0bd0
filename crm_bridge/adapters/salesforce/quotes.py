"""A quote with its lines: several records that are made together or not at all."""

from __future__ import annotations

from typing import Any

from crm_bridge.adapters.salesforce.api import SalesforceApi, problem_of
from crm_bridge.adapters.salesforce.soql import literal, select
from crm_bridge.calling import Kind
from crm_bridge.errors import WriteRefused
from crm_bridge.mapping import ObjectMap

MOST_LINES = 24
"""A composite call has 25 parts; one of them is the quote."""
_PRODUCT = "_product"


class QuoteWriter:
    """A quote hangs on an opportunity there and its lines on the price book: what a rep confirmed must fit to both."""

    def __init__(self, api: SalesforceApi, mapped: ObjectMap, name: str) -> None:
        self._api = api
        self._mapped = mapped
        self._name = name

    async def create(self, account: str, made: dict[str, Any]) -> str:
        """The quote's id. `made` holds the quote with its lines, spelled."""
        assert self._mapped.lines is not None
        lines = made.pop(self._mapped.lines.source)
        made.pop("Opportunity", None)  # the customer is known by the opportunity
        if len(lines) > MOST_LINES:
            raise WriteRefused(f"{self._name} 一次最多写 {MOST_LINES} 行报价,请分成两份")
        made |= {"OpportunityId": await self._opportunity(account)}
        entries = await self._entries([str(line[_PRODUCT]) for line in lines])
        books = {entry["Pricebook2Id"] for entry in entries.values()}
        parts = [_part("POST", self._mapped.object, "quote", made | {"Pricebook2Id": books.pop()})]
        for number, line in enumerate(lines, 1):
            entry = entries[str(line.pop(_PRODUCT))]
            row = line | {
                "QuoteId": "@{quote.id}",
                "PricebookEntryId": entry["Id"],
                "Product2Id": entry["Product2Id"],
            }
            parts.append(_part("POST", f"{self._mapped.object}LineItem", f"line{number}", row))
        answers = await self._api.composite(parts)
        self._refuse_failed(answers)
        return str(answers[0]["body"]["id"])

    def _refuse_failed(self, answers: list[dict[str, Any]]) -> None:
        """Of a failed call one part says why; the others only say that they were halted."""
        problems = [problem_of(one["body"], Kind.INVALID) for one in answers if one["httpStatusCode"] >= 300]
        said = [one.words for one in problems if one is not None]
        if problems:
            own = [words for words in said if "PROCESSING_HALTED" not in words]
            raise WriteRefused(f"{self._name} 没有接受报价单:{(own or said or ['没有说明原因'])[0]}")

    async def _opportunity(self, account: str) -> str:
        where = [f"AccountId = {literal(account)}", "IsClosed = false"]
        found = await self._api.query(
            select(["Id"], "Opportunity", where, "LastModifiedDate DESC, Id DESC", 1)
        )
        if not found:
            raise WriteRefused(f"{self._name} 的报价单要挂在商机上,这个客户没有在谈的商机;请先建商机")
        return str(found[0]["Id"])

    async def _entries(self, products: list[str]) -> dict[str, dict[str, Any]]:
        """Product name or code → its entry in the standard price book."""
        names = ", ".join(literal(one) for one in dict.fromkeys(products))
        fields = ["Id", "Pricebook2Id", "Product2Id", "Product2.Name", "Product2.ProductCode"]
        where = [
            "IsActive = true",
            "Pricebook2.IsStandard = true",
            f"Product2.Name IN ({names}) OR Product2.ProductCode IN ({names})",
        ]
        found = await self._api.query(select(fields, "PricebookEntry", where))
        by = {row["Product2"]["Name"]: row for row in found} | {
            row["Product2"]["ProductCode"]: row for row in found if row["Product2"]["ProductCode"]
        }
        if unknown := [one for one in dict.fromkeys(products) if one not in by]:
            raise WriteRefused(f"{self._name} 的标准价目表里没有产品“{'、'.join(unknown)}”;请管理员先维护")
        return {one: by[one] for one in products}


def _part(method: str, name: str, reference: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "url": f"sobjects/{name}", "referenceId": reference, "body": body}
