"""What docs/contracts.md shows of a value's lineage is what the demo company prints after the event that stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bot.lineage import as_lines, chain, field_of
from bot.security import new_key
from crm_bridge.events.tables import EventRow
from tests.fakes.product import Product

DOCS = Path(__file__).parents[2] / "docs" / "contracts.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_event_of_the_docs_leads_to_the_lines_of_the_docs(product: Product) -> None:
    with product.parts.store.begin() as session:
        key = new_key(session, "erp", ("events",), product.clock())[1]
    sent = await product.web.post(
        "/api/v1/events",
        content=json.dumps(json.loads(block("json"))),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"},
    )
    assert sent.status_code == 202, sent.text
    await product.settle()
    (event,) = product.rows(EventRow)
    customers = {one.short_name: one.id for one in await product.parts.crm.directory()}
    account = await product.parts.crm.account(customers["华东仁和"])
    with product.parts.store.look() as session:
        lines = list(as_lines(chain(session, account, field_of(account, "客户等级"))))
    shown = block("text").replace("{event}", event.uid).splitlines()
    first = lines.index(shown[0])
    assert lines[first : first + len(shown)] == shown
