"""The board of what was read from the customer system: how empty its fields are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import Store
from crm_bridge import Account, AccountId
from crm_bridge.contracts import load_contract
from crm_bridge.quality import FieldLine, board, load_bounds
from tests.fakes.clock import Clock
from tests.fakes.evidence import account as an_account
from tests.fakes.evidence import field as a_field

REGION = a_field("region", "区域", "江苏")
TIER = a_field("tier", "客户等级", "VIP")


def accounts(with_tier: int, without: int, missing: tuple[str, ...] = ()) -> list[Account]:
    whole = replace(an_account(), fields=(REGION, TIER), records=())
    lacking = replace(whole, fields=(REGION,), missing=missing)
    found = [whole] * with_tier + [lacking] * without
    return [replace(one, id=AccountId(f"ACC-{number}")) for number, one in enumerate(found)]


def fields_of(store: Store, clock: Clock, read: list[Account]) -> dict[str, FieldLine]:
    with store.look() as session:
        found = board(session, clock(), load_bounds(), load_contract("embedded"), "embedded", read)
    return {one.field: one for one in found.fields}


def test_a_field_that_only_some_accounts_have_is_empty_on_the_others(store: Store, clock: Clock) -> None:
    fields = fields_of(store, clock, accounts(5, 45))
    assert (fields["account.tier"].values, fields["account.tier"].null_rate) == (50, 0.9)
    assert (fields["account.region"].values, fields["account.region"].null_rate) == (50, 0)


def test_what_was_read_while_the_board_is_counted_is_new_and_not_of_the_future(
    store: Store, clock: Clock
) -> None:
    read = [
        replace(
            one,
            fields=tuple(
                replace(field, lineage=replace(field.lineage, read_at=clock.now + timedelta(seconds=0.2)))
                for field in one.fields
            ),
        )
        for one in accounts(1, 0)
    ]
    assert {one.age_s for one in fields_of(store, clock, read).values()} == {0}


def test_absent_tiers_break_the_bound_of_the_data_contract(store: Store, clock: Clock) -> None:
    with store.look() as session:
        contract = load_contract("embedded")
        found = board(session, clock(), load_bounds(), contract, "embedded", accounts(5, 45))
    (empty,) = (one for one in found.breaches if one.metric == "nullValues")
    assert (empty.place, empty.found, empty.bound) == ("embedded account.tier", 90, 2)


@pytest.mark.parametrize(
    "missing", [("客户等级",), ("客户等级", "最新资料(连不上,以上是 09:00 读到的)", "订单")]
)
def test_what_an_account_says_is_missing_counts_once_for_the_field_of_that_label(
    store: Store, clock: Clock, missing: tuple[str, ...]
) -> None:
    fields = fields_of(store, clock, accounts(1, 1, missing))
    assert set(fields) == {"account.tier", "account.region"}
    assert (fields["account.tier"].values, fields["account.tier"].null_rate) == (2, 0.5)


def test_a_value_of_another_type_than_agreed_breaks_the_bound_of_its_field(
    store: Store, clock: Clock
) -> None:
    whole = replace(an_account(), fields=(a_field("payment_days", "账期", "later"), TIER), records=())
    with store.look() as session:
        found = board(session, clock(), load_bounds(), load_contract("embedded"), "embedded", [whole])
    assert [(one.place, one.metric) for one in found.breaches if one.metric == "invalidValues"] == [
        ("embedded account.payment_days", "invalidValues")
    ]


def test_each_field_has_its_own_target_of_freshness(store: Store, clock: Clock) -> None:
    later = Clock(clock() + timedelta(minutes=30))
    industry = a_field("industry", "行业", "medical")
    read = replace(an_account(), fields=(industry, TIER), records=())
    with store.look() as session:
        contract = load_contract("embedded")
        found = board(session, later(), load_bounds(), contract, "embedded", [read])
    assert [one.place for one in found.breaches if one.metric == "age_s"] == ["embedded account.tier"]
    targets = {one.field: one.target_s for one in found.fields}
    assert targets == {"account.industry": 3600, "account.tier": 300}


def test_a_field_that_no_account_has_is_on_the_board_where_they_say_it_is_missing(
    store: Store, clock: Clock
) -> None:
    fields = fields_of(store, clock, accounts(0, 3, ("客户等级", "阶段")))
    assert (fields["account.tier"].values, fields["account.tier"].null_rate) == (3, 1)
    assert (fields["opportunity.stage"].values, fields["opportunity.stage"].null_rate) == (3, 1)


def test_a_refused_write_counts_where_no_value_of_its_field_could_be_read(store: Store, clock: Clock) -> None:
    """The customer system is asleep, and the field has thresholds in percent of its values."""
    with store.look() as session:
        contract, outside = load_contract("embedded"), {"account.tier": (51, clock())}
        found = board(session, clock(), load_bounds(), contract, "embedded", (), outside)
    (breach,) = found.breaches
    assert (breach.place, breach.metric, breach.found) == ("embedded account.tier", "violations", 51)
