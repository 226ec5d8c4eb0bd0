"""Answers that are lost, a Tryton that sleeps, fields that are not there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlmodel import Session

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Write, WriteKey
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.adapters.tryton import TrytonRpc, TrytonSystem
from crm_bridge.calling import SignInAuth
from crm_bridge.mapping import load_mapping
from tests.crm_bridge.tryton.conftest import open_crm
from tests.fakes.clock import Clock
from tests.fakes.tryton_server import Proxy

WRITES: list[tuple[str, dict[str, object]]] = [
    ("opportunity.create", {"title": "X200"}),
    ("ticket.create", {"title": "E03 停机"}),
    ("field.set", {"field": "tier", "value": "A"}),
]


@pytest.mark.parametrize(("operation", "params"), WRITES, ids=[name for name, _ in WRITES])
async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
    cut_off: RemoteCrm,
    proxy: Proxy,
    known: AccountId,
    clock: Clock,
    operation: str,
    params: dict[str, object],
) -> None:
    key = WriteKey(f"lost-{operation}")
    write = Write(operation, known, params, "zhangsan")
    before = await records(cut_off, known)
    proxy.cut_answers = 1
    with pytest.raises(OutcomeUnknown):
        await cut_off.carry_out(write, key)
    assert proxy.cut_answers == 0
    found = await cut_off.receipt(key)
    assert found is not None
    assert await cut_off.carry_out(write, key) == found
    made = await records(cut_off, known) - before
    assert made == (set() if operation == "field.set" else {found.record_id})
    assert await cut_off.undo(found, "zhangsan", WriteKey(f"{key}-undo"))
    assert await records(cut_off, known) == before


async def test_while_tryton_sleeps_the_last_copy_is_shown_with_its_age(
    cut_off: RemoteCrm, proxy: Proxy, known: AccountId, clock: Clock
) -> None:
    fresh = await cut_off.account(known)
    proxy.down = True
    copy = await cut_off.account(known)
    assert copy.fields == fresh.fields
    assert fresh.missing == ()
    assert "读到的" in copy.missing[0]
    clock.advance(seconds=13 * 3600)
    with pytest.raises(CrmUnavailable):
        await cut_off.account(known)


async def test_names_are_known_while_tryton_sleeps_after_a_restart_too(
    cut_off: RemoteCrm,
    proxy: Proxy,
    known: AccountId,
    notes: Callable[[], AbstractContextManager[Session]],
    clock: Clock,
) -> None:
    assert known in {one.id for one in await cut_off.directory()}
    proxy.down = True
    restarted = open_crm(proxy.address, notes, clock)
    assert known in {one.id for one in await restarted.directory()}
    await restarted.close()


async def test_a_wrong_password_says_so(
    tryton: str, notes: Callable[[], AbstractContextManager[Session]]
) -> None:
    rpc = TrytonRpc(tryton, "crm", "nobody", "wrong-password")
    with pytest.raises(CrmUnavailable, match="does not sign in nobody"):
        await rpc.model("party.party", "search", [], 0, 1, None)
    await rpc.close()


async def test_a_session_that_ended_is_opened_again(crm: RemoteCrm, known: AccountId) -> None:
    await crm.account(known)
    system = crm.system
    assert isinstance(system, TrytonSystem)
    auth = system.rpc.caller.auth
    assert isinstance(auth, SignInAuth)
    auth._held = {"Authorization": "Session bm9ib2R5OjE6MDA="}
    assert (await crm.account(known)).id == known


async def test_what_the_mapping_names_and_tryton_lacks_is_listed_and_the_rest_works(
    crm: RemoteCrm, rpc: TrytonRpc, known: AccountId
) -> None:
    await crm.carry_out(Write("opportunity.create", known, {"title": "X200"}, "zhangsan"), WriteKey("lacks"))
    mapping = load_mapping("tryton")
    deals = mapping.records["opportunity"]
    fields = {**deals.fields, "product": deals.fields["product"].model_copy(update={"source": "no_such"})}
    contracts = deals.model_copy(update={"object": "no.contracts"})
    changed = {
        **mapping.records,
        "opportunity": deals.model_copy(update={"fields": fields}),
        "contract": contracts,
    }
    system = TrytonSystem(rpc, mapping.model_copy(update={"records": changed}))
    found = {(one.kind, one.object, one.field) for one in await system.check()}
    assert found == {("opportunity", "sale.opportunity", "no_such"), ("contract", "no.contracts", "")}
    sheet = await system.sheet(known.removeprefix("ACC-"))
    assert sheet is not None
    assert set(sheet.failed) == {"opportunity", "contract"}
    assert sheet.records["task"] == []


async def records(crm: RemoteCrm, known: AccountId) -> set[str]:
    return {record.id for record in (await crm.account(known)).records}
