"""What is shipped for a system fits together: its mapping, its data contract, its adapter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crm_bridge.adapters import Access, Host, open_adapter
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.contracts import load_contract
from crm_bridge.mapping import load_mapping

SYSTEMS = ("salesforce", "hubspot", "odoo", "kingdee", "fxiaoke", "xiaoshouyi")
ERP = {"kingdee"}
"""Systems whose deals, tickets and dates live elsewhere."""
ACCESS = Access(
    "https://crm.test", user="u", password="p", token="t", client_id="c", client_secret="s", database="d"
)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_field_that_a_mapping_reads_is_one_that_the_contract_knows(system: str) -> None:
    contract = load_contract(system)
    mapping = load_mapping(system)
    read = {
        f"{kind}.{name}"
        for kind, mapped in mapping.objects()
        for name, how in mapped.fields.items()
        if how.source
    }
    assert read - set(contract.fields) == set()


@pytest.mark.parametrize("system", SYSTEMS)
async def test_an_adapter_opens_without_calling_anybody_and_tells_changes(system: str) -> None:
    crm = open_adapter(system, ACCESS, Host(None, None, lambda: datetime.now(UTC)))  # type: ignore[arg-type]
    assert isinstance(crm, RemoteCrm)
    assert crm.name == system
    assert callable(crm.changes)
    await crm.close()


@pytest.mark.parametrize("system", [one for one in SYSTEMS if one not in ERP])
@pytest.mark.parametrize("kind", ["opportunity", "quote", "ticket", "task", "meeting", "note"])
def test_every_kind_that_a_rep_may_make_has_a_home(system: str, kind: str) -> None:
    mapped: Any = load_mapping(system).of(kind)
    assert mapped is not None
    assert mapped.cancel
    assert any(how.place for how in mapped.fields.values())
