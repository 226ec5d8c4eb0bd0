"""`yiju crm contracts` and `yiju crm lineage`: what may be read of whom, and where a value came from."""

from __future__ import annotations

import shutil
from pathlib import Path

from crm_bridge.contracts.loading import SHIPPED
from tests.cli.conftest import Yiju


def own(data_dir: Path, before: str, after: str) -> Path:
    folder = data_dir / "contracts"
    folder.mkdir(parents=True)
    path = Path(shutil.copy(SHIPPED / "embedded.yaml", folder))
    words = path.read_text(encoding="utf-8")
    assert before in words
    path.write_text(words.replace(before, after, 1), encoding="utf-8")
    return path


def test_the_files_in_use_are_in_order_and_shown_field_by_field(yiju: Yiju) -> None:
    linted = yiju("crm", "contracts", "lint", "--json")
    assert (linted.code, [one["faults"] for one in linted.lines]) == (0, [[], []])
    shown = {one["field"]: one for one in yiju("crm", "contracts", "show", "--json").lines}
    phone, tier = shown["contact.phone"], shown["account.tier"]
    assert (phone["purposes"], phone["readers"], phone["fresh_s"]) == (["core", "send"], ["system"], 3600)
    assert tier["writers"] == ["confirmed_action"]
    assert tier["quality"] == ["nullValues mustBeLessOrEqualTo 2%", "invalidValues mustBe 0"]
    assert len({one["purpose"] for one in shown.values()}) > 0.9 * len(shown)
    spoken = yiju("crm", "contracts", "show").out
    assert f"客户等级: {tier['purpose']}" in spoken
    assert "read ≤ 0:05:00 ago" in spoken


def test_a_fault_in_the_companys_own_file_is_named_and_nothing_starts_on_it(
    yiju: Yiju, data_dir: Path
) -> None:
    path = own(data_dir, "classification: internal", "classification: secret")
    linted = yiju("crm", "contracts", "lint")
    assert linted.code == 1
    assert str(path) in linted.out
    assert "account.name: classification 'secret'" in linted.out
    shown = yiju("crm", "show", "华东仁和")
    assert shown.code != 0
    assert "account.name: classification 'secret'" in shown.err


def test_who_may_read_what_is_answered_with_the_line(yiju: Yiju) -> None:
    denied = yiju("crm", "contracts", "decide", "rep", "card", "contact.phone", "--json")
    assert (denied.code, denied.lines[0]["rule"]) == (1, "*, card, contact.phone, deny")
    assert yiju("crm", "contracts", "decide", "rep", "card", "account.tier").code == 0
    assert yiju("crm", "contracts", "decide", "rep", "gossip", "account.tier").code != 0


def test_a_value_is_traced_to_its_system_time_and_contract(yiju: Yiju, prepared: Path) -> None:
    by_label = yiju("crm", "lineage", "华东仁和", "客户等级")
    assert " 内置CRM 更新客户等级为 VIP  ← counts" in by_label.out
    assert "yiju.crm.embedded@2.0.0" in by_label.out
    (told,) = yiju("crm", "lineage", "华东仁和", "tier", "--json").lines
    assert (told["value"], told["counts"], told["event"]) == ("VIP", True, "")
    unknown = yiju("crm", "lineage", "华东仁和", "鞋码")
    assert unknown.code != 0
    assert "tier 客户等级" in unknown.err
