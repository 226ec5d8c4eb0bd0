"""Every value with where it came from, no more exact than its source; where systems differ, the contract decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.store import Store
from crm_bridge import AccountId, Field, Lineage, Other
from crm_bridge.contracts import DataContract, load_contract
from crm_bridge.events.tables import EventRow
from crm_bridge.lineage import (
    history,
    is_same_system,
    keep,
    keep_event,
    known_values,
    sentence,
    settle,
    shown_time,
)
from tests.fakes.clock import START

ACCOUNT = AccountId("ACC-1")
AT = datetime(2026, 2, 14, 7, 22, 3, 441_907, tzinfo=UTC)


def tier(value: str, system: str = "内置CRM", at: datetime = AT, precision: str = "us") -> Field:
    return Field("tier", "客户等级", value, value, Lineage(system, "客户", "客户等级", at, START, precision))


def stored(store: Store, *fields: Field) -> int:
    with store.begin() as session:
        return keep(session, ACCOUNT, fields)


@pytest.mark.parametrize(
    ("precision", "shown"),
    [
        ("day", "2026-02-14"),
        ("s", "2026-02-14T15:22:03"),
        ("ms", "2026-02-14T15:22:03.441"),
        ("us", "2026-02-14T15:22:03.441907"),
    ],
)
def test_a_time_has_as_many_digits_as_its_source_gave(precision: str, shown: str) -> None:
    assert shown_time(AT, precision) == shown


def test_the_chain_reads_as_a_sentence(store: Store) -> None:
    stored(store, tier("VIP", "金蝶云星空", precision="ms"))
    with store.begin() as session:
        (row,) = history(session, ACCOUNT, "tier")
        assert sentence(row) == "2026-02-14T15:22:03.441 金蝶云星空 更新客户等级为 VIP"


def test_a_value_is_kept_when_it_changes_and_only_then(store: Store) -> None:
    assert stored(store, tier("A")) == 1
    assert stored(store, tier("A")) == 0
    assert stored(store, tier("VIP", at=AT + timedelta(days=1))) == 1
    assert stored(store, tier("A", "金蝶云星空")) == 1
    with store.begin() as session:
        assert [(row.system, row.value) for row in history(session, ACCOUNT, "tier")] == [
            ("内置CRM", "VIP"),
            ("金蝶云星空", "A"),
            ("内置CRM", "A"),
        ]


def settled(store: Store, field: Field, contract: DataContract) -> Field:
    with store.begin() as session:
        (found,) = settle([field], known_values(session, ACCOUNT), contract)
    return found


def authority(system: str) -> DataContract:
    shipped = load_contract("embedded")
    rule = replace(shipped.fields["account.tier"], authority=system)
    return replace(shipped, fields={**shipped.fields, "account.tier": rule})


def test_the_crm_wins_where_the_contract_says_so_and_the_loser_stays_in_sight(store: Store) -> None:
    stored(store, tier("A", "金蝶云星空", precision="ms"))
    found = settled(store, tier("VIP"), authority("embedded"))
    assert (found.value, found.others) == ("VIP", (Other("金蝶云星空", "A", AT, "ms"),))


def test_another_system_wins_where_the_contract_says_so_with_its_own_lineage(store: Store) -> None:
    stored(store, tier("A", "金蝶云星空", precision="ms"))
    found = settled(store, tier("VIP"), authority("kingdee"))
    assert (found.value, found.shown, found.lineage.system) == ("A", "A", "金蝶云星空")
    assert found.others == (Other("内置CRM", "VIP", AT),)


def test_systems_that_agree_make_no_conflict_and_an_own_older_value_is_none(store: Store) -> None:
    stored(store, tier("VIP", "金蝶云星空"), tier("A"))
    assert settled(store, tier("VIP"), authority("kingdee")).others == ()


@pytest.mark.parametrize(
    ("one", "other"), [("u9", "用友U9"), ("用友 U9", "用友U9"), ("kingdee", "金蝶云星空")]
)
def test_a_system_is_known_by_key_and_by_name(one: str, other: str) -> None:
    assert is_same_system(one, other)
    assert not is_same_system(one, "内置CRM")


def event(**values: Any) -> EventRow:
    plain: dict[str, Any] = {
        "uid": "e1", "id": "k3-1", "source": "/erp/kingdee/1", "type": "BD_Customer.Save", "state": "applied",
        "received_at": START, "at": AT, "precision": "ms", "kind": "customer", "entity": "C-1", "payload": {},
    }  # fmt: skip
    return EventRow(**(plain | values))


def test_an_event_of_the_customer_joins_the_history_with_its_address(store: Store) -> None:
    with store.begin() as session:
        session.add(event())
        session.flush()
        assert keep_event(session, ACCOUNT, "e1", "金蝶云星空", {"tier": "VIP", "status": "x"}) == 1
        (row,) = history(session, ACCOUNT, "tier")
        assert (row.event, row.precision, row.label) == ("e1", "ms", "客户等级")


def test_an_events_field_outside_the_contract_stays_out_of_the_history(store: Store) -> None:
    listed = load_contract("embedded")
    narrow = replace(listed, fields={"account.region": listed.fields["account.region"]})
    with store.begin() as session:
        session.add(event())
        session.flush()
        told = {"tier": "VIP", "region": "华东"}
        assert keep_event(session, ACCOUNT, "e1", "金蝶云星空", told, narrow) == 1
        (row,) = history(session, ACCOUNT, "region")
        assert (row.contract, history(session, ACCOUNT, "tier")) == (listed.stamp, [])


def test_an_event_of_an_order_adds_nothing(store: Store) -> None:
    with store.begin() as session:
        session.add(event(kind="order"))
        session.flush()
        assert keep_event(session, ACCOUNT, "e1", "金蝶云星空", {"owner": "lisi"}) == 0
