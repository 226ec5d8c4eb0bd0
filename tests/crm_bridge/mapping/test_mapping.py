"""Mapping files: what they refuse, how rows become accounts, and how values go back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from crm_bridge import Account, WriteKey, WriteRefused
from crm_bridge.mapping import (
    Mapping,
    MappingUnusable,
    Sheet,
    TimeMap,
    account_of,
    instant,
    key_in,
    load_mapping,
    pick,
    precision_of,
    source_values,
    template_names,
)

NOW = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)
FILE: dict[str, Any] = {
    "system": "rest",
    "name": "老OMS",
    "time": {"zone": "Asia/Shanghai", "precision": "s"},
    "owners": {"map": {7: "zhangsan"}, "default": ""},
    "account": {
        "object": "buyers",
        "modified": "updated",
        "fields": {
            "name": "title",
            "owner": {"source": "sales.id", "type": "owner"},
            "tier": {"source": "level", "type": "enum", "map": {"1": "VIP", "2": "A"}, "write": True},
            "payment_days": {"source": "terms", "type": "days", "unit": "天"},
            "credit_limit": {"source": "limit_fen", "type": "money", "scale": "0.01"},
        },
    },
    "records": {
        "order": {
            "object": "orders",
            "account": "buyer",
            "modified": "updated",
            "cancelled": {"state": ["X"]},
            "fields": {
                "total": {"source": "fen", "type": "money", "scale": "0.01"},
                "ordered_on": {"source": "day", "type": "date"},
            },
        },
        "ticket": {
            "object": "cases",
            "account": "buyer.code",
            "key": "text~",
            "remainder": "text",
            "fixed": {"kind": "case"},
            "fields": {"title": {"source": "subject", "write": "subject.zh"}, "severity": "text#级别"},
        },
    },
}
BUYER = {
    "id": 5, "title": "苏州精模", "sales": {"id": 7}, "level": 1, "terms": "月结60天", "limit_fen": 1234567,
    "updated": "2026-11-27 09:05:03",
}  # fmt: skip


def mapping(**changes: Any) -> Mapping:
    return Mapping.model_validate(FILE | changes)


def account(row: dict[str, Any], **records: list[dict[str, Any]]) -> Account:
    return account_of(mapping(), Sheet(row, (), records), NOW)


def test_values_are_converted_and_say_when_the_source_changed_them() -> None:
    read = account(BUYER)
    assert (read.id, read.name, read.owner) == ("ACC-5", "苏州精模", "zhangsan")
    assert {one.name: (one.value, one.shown) for one in read.fields} == {
        "owner": ("zhangsan", "zhangsan"),
        "tier": ("VIP", "VIP"),
        "payment_days": (60, "60 天"),
        "credit_limit": ("12345.67", "¥12,345.67"),
    }
    lineage = read.fields[1].lineage
    assert (lineage.system, lineage.at) == ("老OMS", datetime(2026, 11, 27, 1, 5, 3, tzinfo=UTC))


def test_what_is_not_what_the_mapping_says_is_named_and_the_rest_is_there() -> None:
    read = account(BUYER | {"limit_fen": "viel"})
    assert read.missing == ("信用额度",)
    assert read.get("credit_limit") is None
    assert read.get("tier") is not None


def test_a_kind_that_could_not_be_read_is_named_and_counts_as_nothing() -> None:
    read = account_of(mapping(), Sheet(BUYER, (), {}, {"order": "HTTP 403"}), NOW)
    assert read.missing == ("订单",)
    assert read.get("orders_12m") is None


def test_a_year_of_orders_is_summed_without_cancelled_ones() -> None:
    def order(number: int, day: str, state: str = "ok") -> dict[str, Any]:
        return {"id": number, "buyer": 5, "fen": 100050, "day": day, "state": state}

    orders = [
        order(1, "2026-10-01"),
        order(2, "2025-11-28"),
        order(3, "2025-11-27"),
        order(4, "2026-11-01", "X"),
    ]
    read = account(BUYER, order=orders)
    year, last = read.get("orders_12m"), read.get("last_order")
    assert year is not None
    assert year.value == "2001.00"  # 2025-11-28 is 365 days ago, 2025-11-27 is 366
    assert last is not None
    assert last.value == "SO-1"
    assert {record.id for record in read.records} == {"SO-1", "SO-2", "SO-3"}


def test_an_unmapped_user_owns_for_the_default_only() -> None:
    assert account(BUYER | {"sales": {"id": 8}}).owner == ""
    assert account_of(mapping(owners={}), Sheet(BUYER), NOW).owner == "7"


def test_what_has_no_place_of_its_own_goes_into_the_text_with_the_key_behind_it() -> None:
    values = {"title": "E03", "severity": "紧急", "alarm": "E03", "description": ""}
    made = source_values(mapping(), "ticket", values, account=5, key=WriteKey("d-1"))
    assert made == {
        "kind": "case", "buyer": {"code": 5}, "subject": {"zh": "E03"},
        "text": "级别:紧急\n报警代码:E03\n[依据 d-1]",
    }  # fmt: skip
    assert pick({"text": made["text"]}, "text#级别") == "紧急"
    assert key_in(made["text"], WriteKey("d-1"))
    assert not key_in(made["text"], WriteKey("d-12"))
    assert not key_in(made["text"], WriteKey("d"))


def test_a_value_that_the_source_does_not_know_is_refused_with_the_choices() -> None:
    assert source_values(mapping(), "account", {"tier": "A"}) == {"level": "2"}
    with pytest.raises(WriteRefused, match="可选:VIP、A"):
        source_values(mapping(), "account", {"tier": "B"})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1), ("list.n", ["x", "y"]), ("list.1.n", "y"), ("list[k=2].n", ["y"]), ("list[p.q=7].n", ["x"]),
        ("a.c", None), ("a.b.c", None), ("no", None), ("", None), ("list[k=9].n", []),
    ],
)  # fmt: skip
def test_a_place_in_a_row(path: str, found: object) -> None:
    row = {"a": {"b": 1}, "list": [{"n": "x", "k": 1, "p": {"q": 7}}, {"n": "y", "k": 2}]}
    assert pick(row, path) == found


@pytest.mark.parametrize(
    ("text", "zone", "at", "fine"),
    [
        ("2026-02-14T15:22:03.44", "Asia/Shanghai", "2026-02-14T07:22:03.440000+00:00", "ms"),
        ("2026-02-14 15:22:03", "Asia/Shanghai", "2026-02-14T07:22:03+00:00", "s"),
        ("2026-02-14T07:22:03.000+0000", "UTC", "2026-02-14T07:22:03+00:00", "ms"),
        ("2026-02-14T07:22:03.441Z", "UTC", "2026-02-14T07:22:03.441000+00:00", "ms"),
        ("2026-02-14T07:22:03Z", "UTC", "2026-02-14T07:22:03+00:00", "s"),
        (1771053723441, "UTC", "2026-02-14T07:22:03.441000+00:00", "ms"),
        (1771053723, "UTC", "2026-02-14T07:22:03+00:00", "s"),
        (1771053723441123, "UTC", "2026-02-14T07:22:03.441123+00:00", "us"),
    ],
)
def test_times_of_every_system(text: object, zone: str, at: str, fine: str) -> None:
    how = TimeMap(zone=zone)
    assert instant(text, how) == datetime.fromisoformat(at)
    assert precision_of(text, how) == fine
    assert precision_of(text, TimeMap(zone=zone, precision="s")) == "s"


@pytest.mark.parametrize("text", [12345678901, "gestern", "2026-13-01", ""])
def test_what_is_no_time_is_not_guessed_at(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are those of several parsers
        instant(text, TimeMap())


@given(some.datetimes(min_value=datetime(2001, 9, 10), max_value=datetime(2100, 1, 1)))
def test_an_instant_survives_its_epoch_in_milliseconds(at: datetime) -> None:
    known = at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
    assert instant(round(known.timestamp() * 1000), TimeMap()) == known


@pytest.mark.parametrize("name", template_names())
def test_every_template_is_in_order(name: str) -> None:
    system = yaml.safe_load(
        (Path("crm_bridge/mapping/templates") / f"{name}.yaml").read_text(encoding="utf-8")
    )["system"]
    found = load_mapping(system, name)
    assert found.account.fields["name"].source


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"account": {"object": "x", "fields": {"name": "n"}}}, "account.fields lacks owner"),
        ({"records": {"spell": {"object": "x", "account": "a"}}}, "spell is none of"),
        ({"records": {"order": {"object": "x"}}}, "where does a record name its customer"),
        ({"time": {"zone": "Peking"}}, "no time zone"),
        ({"acount": {}}, "acount: Extra inputs"),
        ({"records": {"task": {"object": "x", "account": "a", "fields": {"mood": "m"}}}}, "needs a label"),
        (
            {
                "records": {
                    "task": {
                        "object": "x",
                        "account": "a",
                        "fields": {"due": {"source": "d", "type": "enum"}},
                    }
                }
            },
            "enum",
        ),
        ({"system": "tryton"}, "is for tryton, the adapter is rest"),
    ],
)
def test_a_file_that_is_not_in_order_says_where(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(yaml.safe_dump(FILE | change, allow_unicode=True), encoding="utf-8")
    with pytest.raises(MappingUnusable, match=words):
        load_mapping("rest", path)


def test_a_companys_file_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(
        "extends: tryton\nname: 我们的Tryton\nrecords: {meeting: null, task: {remainder: note}}\n", "utf-8"
    )
    ours, shipped = load_mapping("tryton", path), load_mapping("tryton")
    assert ours.name == "我们的Tryton"
    assert set(shipped.records) - set(ours.records) == {"meeting"}
    assert ours.records["task"].remainder == "note"
    assert ours.records["task"].object == shipped.records["task"].object


def test_a_missing_file_and_a_system_without_template_say_what_to_do() -> None:
    with pytest.raises(MappingUnusable, match="YIJU_CRM__MAPPING"):
        load_mapping("rest")
    with pytest.raises(MappingUnusable, match="cannot be read"):
        load_mapping("rest", "/no/such.yaml")


def test_amounts_and_days_go_back_in_the_sources_unit() -> None:
    file = FILE["records"]["order"] | {
        "fields": {
            "total": {"source": "fen", "type": "money", "scale": "0.01", "write": True},
            "ordered_on": {"source": "day", "type": "date", "write": True},
        }
    }
    made = source_values(
        mapping(records={"order": file}), "order", {"total": Decimal("1000.50"), "ordered_on": "2026-11-28"}
    )
    assert made == {"fen": Decimal(100050), "day": date(2026, 11, 28)}
