"""The demo company inside a Tryton of its own: `python -m bot.demo.tryton URL DATABASE`, after tests/tryton/server.sh.

Spoken to over HTTP like any other Tryton. What its core has no field for stands where the mapping template looks.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bot.demo import company
from crm_bridge import TIERS
from crm_bridge.adapters.embedded.seed import SeedAccount, SeedSale, parse
from crm_bridge.adapters.tryton import TrytonRpc
from crm_bridge.calling import Limit, Manner

USER, PASSWORD = "admin", "yiju-demo-pass-1"
PROJECTS = ("跟进", "工单", "会议")
_STAGES = {
    "线索": 0.1, "需求确认": 0.3, "方案": 0.5, "报价": 0.6, "谈判": 0.8,
}  # fmt: skip


class TrytonSeed:
    """Fills an empty database once; a second time it finds the company there and leaves everything as it is."""

    def __init__(self, rpc: TrytonRpc) -> None:
        self._rpc = rpc
        self._categories: dict[tuple[str, str], int] = {}
        self._terms: dict[int, int] = {}

    async def fill(self, entries: Iterable[Mapping[str, Any]], today: date) -> int:
        """Returns how many customers were new."""
        if await self._rpc.model("company.company", "search", [], 0, 1, None):
            return 0
        await self._company()
        accounts = parse(entries, today)
        for parent, names in (
            ("客户等级", TIERS),
            ("负责人", sorted({one.owner for one in accounts})),
            ("行业", sorted({one.industry for one in accounts})),
            ("区域", sorted({one.region for one in accounts if one.region})),
        ):
            await self._attribute(parent, names)
        work = await self._create("project.work.status", {"name": "已关闭", "types": ["task"], "progress": 1})
        projects = {
            name: await self._create("project.work", {"name": name, "type": "project"}) for name in PROJECTS
        }
        for number, account in enumerate(accounts, 1):
            party = await self._party(account, number)
            await self._deals(account, party)
            for sale in account.orders:
                await self._sale(party, sale, ("quote", "confirm"))
            for sale in account.quotes:
                await self._sale(party, sale, ())
            await self._works(account, party, projects, work)
            for note in account.notes:
                await self._create("ir.note", {"resource": f"party.party,{party}", "message": note.text})
        return len(accounts)

    async def _company(self) -> None:
        currency = await self._create(
            "currency.currency",
            {"name": "人民币", "code": "CNY", "symbol": "¥", "digits": 2, "rounding": Decimal("0.01")},
        )
        own = await self._create("party.party", {"name": "依据演示公司", "code": "OWN"})
        company_id = await self._create(
            "company.company", {"party": own, "currency": currency, "timezone": "Asia/Shanghai"}
        )
        (user,) = await self._rpc.model("res.user", "search", [["login", "=", USER]], 0, 1, None)
        member = {"companies": [["add", [company_id]]], "company": company_id}
        await self._rpc.model("res.user", "write", [user], member)
        person = await self._create("party.party", {"name": "接口账号", "code": "API"})
        employee = await self._create("company.employee", {"party": person, "company": company_id})
        works = {"employees": [["add", [employee]]], "employee": employee}
        await self._rpc.model("res.user", "write", [user], works)
        self._rpc.forget_context()

    async def _attribute(self, parent: str, names: Iterable[str]) -> None:
        above = await self._create("party.category", {"name": parent})
        for name in names:
            self._categories[parent, name] = await self._create(
                "party.category", {"name": name, "parent": above}
            )

    async def _party(self, account: SeedAccount, number: int) -> int:
        attributes = (
            ("客户等级", account.tier), ("负责人", account.owner), ("行业", account.industry), ("区域", account.region),
        )  # fmt: skip
        said = [{"type": "other", "name": "简称", "value": account.short}]
        said += [{"type": "other", "name": "别名", "value": one} for one in account.aliases]
        said += [
            {
                "type": "phone",
                "name": one.name,
                "comment": one.title,
                "value": one.phone or f"0512-0000-{at:04d}",
            }
            for at, one in enumerate(account.contacts, 1)
        ]
        days = account.payment_days
        if days not in self._terms:
            delta = {"type": "remainder", "relativedeltas": [["create", [{"days": days}]]]}
            term = {"name": f"月结{days}天", "lines": [["create", [delta]]]}
            self._terms[days] = await self._create("account.invoice.payment_term", term)
        values = {
            "name": account.name,
            "customer_payment_term": self._terms[days],
            "code": f"C{number:04d}",  # given, so that no two writers race for the next number
            "categories": [
                ["add", [self._categories[pair] for pair in attributes if pair in self._categories]]
            ],
            "contact_mechanisms": [["create", said]],
            "addresses": [["create", [{"street": account.region or "未填"}]]],
        }
        return await self._create("party.party", values)

    async def _deals(self, account: SeedAccount, party: int) -> None:
        for deal in account.opportunities:
            lines = [f"产品:{deal.product}"] if deal.product else []
            lines += [f"数量:{deal.quantity}"] if deal.quantity else []
            values = {
                "party": party,
                "description": deal.title,
                "amount": deal.amount,
                "comment": "\n".join(lines),
                "start_date": deal.at,
                "end_date": deal.close_date,
                "conversion_probability": _STAGES.get(deal.stage, 0.5),
            }
            number = await self._create("sale.opportunity", values)
            if deal.stage != "线索":
                await self._rpc.model("sale.opportunity", "opportunity", [number])
            if deal.stage == "输单":
                await self._rpc.model("sale.opportunity", "lost", [number])

    async def _sale(self, party: int, sale: SeedSale, buttons: Iterable[str]) -> int:
        (address,) = await self._rpc.model("party.address", "search", [["party", "=", party]], 0, 1, None)
        lines = [
            {
                "type": "line",
                "description": line.product,
                "quantity": float(line.quantity),
                "unit_price": (line.unit_price * (100 - line.discount_percent) / 100).quantize(
                    Decimal("0.0001")
                ),
            }
            for line in sale.lines
        ]
        values = {
            "party": party,
            "description": sale.title,
            "sale_date": sale.at,
            "invoice_address": address,
            "shipment_address": address,
            "comment": f"有效期至:{sale.valid_until}" if sale.valid_until else "",
            "lines": [["create", lines]],
        }
        number = await self._create("sale.sale", values)
        for button in buttons:
            await self._rpc.model("sale.sale", button, [number])
        return number

    async def _works(
        self, account: SeedAccount, party: int, projects: Mapping[str, int], closed: int
    ) -> None:
        for ticket in account.tickets:
            lines = {
                "级别": ticket.severity,
                "产品": ticket.product,
                "报警代码": ticket.alarm,
                "描述": ticket.description,
            }
            done = {"status": closed, "progress": 1.0} if ticket.status == "已关闭" else {}
            await self._work(party, projects["工单"], ticket.title, lines, done)
        for task in account.tasks:
            lines = {"负责人": account.owner, "截止": str(task.due or ""), "优先级": task.priority}
            await self._work(party, projects["跟进"], task.title, lines, {})

    async def _work(
        self, party: int, parent: int, name: str, lines: Mapping[str, str], more: Mapping[str, Any]
    ) -> None:
        comment = "\n".join(f"{label}:{value}" for label, value in lines.items() if value)
        values = {"name": name, "type": "task", "party": party, "parent": parent, "comment": comment, **more}
        await self._create("project.work", values)

    async def _create(self, model: str, values: Mapping[str, Any]) -> int:
        given = {name: value for name, value in values.items() if value is not None}
        (number,) = await self._rpc.model(model, "create", [given])
        return int(number)


async def fill(base_url: str, database: str, entries: Iterable[Mapping[str, Any]], today: date) -> int:
    rpc = TrytonRpc(base_url, database, USER, PASSWORD, Manner(timeout_s=30, limits=(Limit(200, 1),)))
    try:
        return await TrytonSeed(rpc).fill(entries, today)
    finally:
        await rpc.close()


def main() -> None:
    base_url, database = sys.argv[1:3]
    new = asyncio.run(fill(base_url, database, company.accounts(), datetime.now(UTC).date()))
    sys.stderr.write(f"Tryton at {base_url}: {new} customers new\n")


if __name__ == "__main__":
    main()
