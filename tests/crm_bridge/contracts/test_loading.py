"""A contract's file: what it says of a field is how it is read, and where it says it wrongly the place is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from crm_bridge.adapters import ADAPTERS
from crm_bridge.contracts import ROLES, ContractUnusable, FieldRule, lint, load_contract
from crm_bridge.contracts.loading import SHIPPED
from crm_bridge.mapping import load_mapping, template_names


@pytest.mark.parametrize("source", ADAPTERS)
def test_every_shipped_contract_fits_the_standard_and_our_rules(source: str) -> None:
    assert lint(SHIPPED / f"{source}.yaml") == []


@pytest.mark.parametrize("template", template_names())
def test_no_shipped_mapping_reads_what_its_contract_does_not_list(template: str) -> None:
    system = yaml.safe_load((Path("crm_bridge/mapping/templates") / f"{template}.yaml").read_text())["system"]
    mapping, contract = load_mapping(system, template), load_contract(system)
    read = {f"{kind}.{name}" for kind in ("account", *mapping.records) for name in of(mapping, kind)}
    assert read - set(contract.fields) == set()


def of(mapping: Any, kind: str) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = mapping.of(kind).fields
    return fields


def changed(tmp_path: Path, change: Any) -> Path:
    plain = yaml.safe_load((SHIPPED / "embedded.yaml").read_text(encoding="utf-8"))
    change(plain)
    path = tmp_path / "embedded.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    return path


def tier(plain: Any) -> Any:
    return next(one for one in plain["schema"][0]["properties"] if one["name"] == "tier")


def silent(plain: Any) -> None:
    tier(plain).pop("description")
    plain["schema"][0].pop("description")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda plain: plain.pop("version"), "version"),
        (lambda plain: plain.update(colour="red"), "colour"),
        (lambda plain: tier(plain).update(logicalType="colour"), "schema.0.properties"),
        (lambda plain: tier(plain).update(classification="secret"), "account.tier: classification"),
        (lambda plain: plain["slaProperties"][0].update(element="acount"), "'acount'"),
        (lambda plain: plain.pop("slaProperties"), "account.tier: no freshness"),
        (lambda plain: plain["schema"][0]["properties"].pop(0), "account.name: missing"),
        (
            lambda plain: plain["slaProperties"][1].update(element="account.name, account.shoe"),
            "'account.shoe'",
        ),
        (
            lambda plain: plain["slaProperties"][1].update(element="account.name,account.name"),
            "account.name twice",
        ),
        (
            lambda plain: plain["slaProperties"][0].update(value=0),
            "freshness of all: 0 'm'; write a number above 0",
        ),
        (lambda plain: plain["slaProperties"][0].update(unit="weeks"), "'weeks'"),
        (lambda plain: silent(plain), "account.tier: no purpose"),
        (
            lambda plain: tier(plain).update(quality=[{"metric": "duplicateValues", "mustBe": 0}]),
            "account.tier: quality duplicateValues is not watched",
        ),
        (
            lambda plain: tier(plain).update(
                quality=[{"metric": "nullValues", "unit": "percent", "mustBeLessThan": 200}]
            ),
            "account.tier: quality nullValues: 200 percent",
        ),
        (
            lambda plain: tier(plain).update(quality=[{"metric": "nullValues", "mustBeBetween": [0, 5]}]),
            "quality nullValues: one of mustBe",
        ),
        (lambda plain: plain["servers"][0].update(server="other"), "servers"),
        (
            lambda plain: tier(plain).update(
                classification="restricted",
                customProperties=[{"property": "purposes", "value": ["core", "card"]}],
            ),
            "account.tier: restricted",
        ),
        (
            lambda plain: tier(plain).update(
                customProperties=[{"property": "allowedReaders", "value": ["everybody"]}]
            ),
            "account.tier: allowedReaders",
        ),
        (
            lambda plain: tier(plain).update(
                customProperties=[{"property": "purposes", "value": ["gossip"]}]
            ),
            "account.tier: purposes ['gossip']",
        ),
        (
            lambda plain: tier(plain).update(customProperties=[{"property": "purposes", "value": []}]),
            "account.tier: no purposes",
        ),
        (
            lambda plain: tier(plain).update(
                customProperties=[{"property": "allowedWriters", "value": ["the_bot"]}]
            ),
            "account.tier: allowedWriters",
        ),
        (
            lambda plain: plain["schema"][0]["properties"].append(dict(tier(plain))),
            "account.tier: named twice",
        ),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_file_is_not_used(
    tmp_path: Path, change: Any, place: str
) -> None:
    faults = lint(changed(tmp_path, change))
    assert any(place in fault for fault in faults), faults
    with pytest.raises(ContractUnusable, match=r"embedded\.yaml"):
        load_contract("embedded", tmp_path)


@pytest.mark.parametrize("source", ADAPTERS)
def test_every_field_of_a_shipped_contract_says_itself_what_it_is_for(source: str) -> None:
    plain = yaml.safe_load((SHIPPED / f"{source}.yaml").read_text(encoding="utf-8"))
    assert all(one.get("description") for thing in plain["schema"] for one in thing["properties"])


def rule_of(tmp_path: Path, change: Any, field: str = "account.tier") -> FieldRule:
    changed(tmp_path, change)
    return load_contract("embedded", tmp_path).fields[field]


def plainest(plain: Any) -> None:
    """Nothing but what the contract itself says of all fields."""
    found = tier(plain)
    for name in ("description", "quality", "customProperties"):
        found.pop(name, None)


def test_what_a_field_does_not_say_its_object_says_else_the_contract(tmp_path: Path) -> None:
    def change(plain: Any) -> None:
        plainest(plain)
        plain["schema"][0]["customProperties"] = [{"property": "allowedReaders", "value": ["rep", "system"]}]
        plain["slaProperties"].append(
            {"property": "freshness", "value": 2, "unit": "h", "element": "account"}
        )

    rule = rule_of(tmp_path, change)
    assert rule.purpose == "who the customer is and how it stands, as a reason on cards"
    assert rule.readers == {"rep", "system"}
    assert "export" in rule.purposes
    assert rule.fresh == timedelta(hours=2)
    assert [str(one) for one in rule.quality] == ["invalidValues mustBe 0"]
    deal = load_contract("embedded", tmp_path).fields["opportunity.stage"]
    assert (deal.fresh, "model" in deal.readers) == (timedelta(minutes=5), True)


def test_a_field_that_speaks_for_itself_is_not_bound_by_its_object(tmp_path: Path) -> None:
    def change(plain: Any) -> None:
        tier(plain)["quality"] = [{"metric": "invalidValues", "mustBeLessThan": 3}]
        tier(plain)["customProperties"] = [{"property": "purposes", "value": ["core"]}]
        plain["slaProperties"].append(
            {"property": "freshness", "value": 30, "unit": "s", "element": "account.tier"}
        )

    rule = rule_of(tmp_path, change)
    assert (rule.purposes, rule.fresh) == ({"core"}, timedelta(seconds=30))
    assert [str(one) for one in rule.quality] == ["invalidValues mustBeLessThan 3"]
    assert rule.writers == frozenset()


def test_a_contract_that_names_purposes_as_readers_is_read_as_it_was_meant(tmp_path: Path) -> None:
    def older(plain: Any) -> None:
        plain["customProperties"] = [
            one for one in plain["customProperties"] if one["property"] not in {"purposes", "allowedReaders"}
        ]
        for thing in plain["schema"]:
            thing.pop("quality")
            thing["customProperties"] = [{"property": "allowedReaders", "value": ["core", "card"]}]
            for one in thing["properties"]:
                one.pop("description")
                one.pop("customProperties", None)
            thing["properties"] = [
                one for one in thing["properties"] if one["classification"] != "restricted"
            ]
        plain["slaProperties"] = plain["slaProperties"][:1]

    rule = rule_of(tmp_path, older)
    assert (rule.purposes, rule.readers) == ({"core", "card"}, set(ROLES))


@pytest.mark.parametrize(
    ("logical", "good", "bad"),
    [
        ("integer", (3, "3", "3.0"), ("3.5", "three", True, "NaN")),
        ("number", ("1.50", 2, 2.5), ("1,50", "inf", [])),
        ("date", ("2026-11-26", "2026-11-26T09:00:00+08:00"), ("26.11.2026", 20261126.5)),
        ("array", (["a"], ()), ("a",)),
        ("string", ("a", 1), (["a"], {"a": 1})),
        ("boolean", (True,), ("yes",)),
        ("map", ({},), ()),
    ],
)
def test_a_value_is_held_against_the_type_that_was_agreed(
    logical: str, good: tuple[Any, ...], bad: tuple[Any, ...]
) -> None:
    rule = replace(load_contract("embedded").fields["account.remark"], type=logical)
    assert [rule.fits(one) for one in good] == [True] * len(good)
    assert [rule.fits(one) for one in bad] == [False] * len(bad)


def test_a_companys_own_contract_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    changed(tmp_path, lambda plain: plain.update(version="7.0.0"))
    assert load_contract("embedded", tmp_path).stamp == "yiju.crm.embedded@7.0.0"
    assert load_contract("embedded").stamp == "yiju.crm.embedded@2.0.0"
