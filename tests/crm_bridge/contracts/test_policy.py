"""Who may read what for what: the shipped policy line by line, a denial over every allowance, a wrong file by its line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from crm_bridge import Contact, Record
from crm_bridge.contracts import PURPOSES, ROLES, FieldPolicy, PolicyUnusable, load_contract
from crm_bridge.contracts.policy import ends_of
from tests.fakes.evidence import account, field


@pytest.fixture(scope="module")
def policy() -> FieldPolicy:
    return FieldPolicy()


def test_phone_numbers_are_for_the_core_and_the_sender_only(policy: FieldPolicy) -> None:
    may = {
        (role, purpose)
        for role in ROLES
        for purpose in PURPOSES
        if policy.allows(role, purpose, "contact.phone")
    }
    assert may == {("system", "core"), ("system", "send")}


def test_nobody_writes_a_customers_fields_to_the_log(policy: FieldPolicy) -> None:
    fields = load_contract("embedded").fields
    assert not any(policy.allows(role, "log", name) for role in ROLES for name in fields)


@pytest.mark.parametrize(
    ("role", "purpose", "name", "allowed"),
    [
        ("rep", "card", "account.tier", True),
        ("rep", "draft", "account.credit_limit", False),
        ("model", "prompt", "order.total", True),
        ("model", "prompt", "invoice.amount", False),
        ("trainer", "export", "account.tier", False),
        ("integrator", "api", "account.tier", True),
        ("integrator", "card", "account.tier", False),
    ],
)
def test_the_shipped_policy(policy: FieldPolicy, role: str, purpose: str, name: str, allowed: bool) -> None:
    verdict = policy.decide(role, purpose, name)
    assert verdict.allowed is allowed
    assert allowed is ("allow" in verdict.rule)


def test_one_denial_outweighs_all_allowances_wherever_it_stands(tmp_path: Path) -> None:
    own = tmp_path / "policy.csv"
    own.write_text("p, rep, card, *, allow\np, *, *, account.tier, deny\np, rep, card, account.tier, allow\n")
    verdict = FieldPolicy(own).decide("rep", "card", "account.tier")
    assert (verdict.allowed, verdict.rule) == (False, "*, *, account.tier, deny")


def test_no_policy_gives_a_field_to_a_purpose_or_a_role_that_its_contract_does_not_name(
    tmp_path: Path,
) -> None:
    own = tmp_path / "policy.csv"
    own.write_text("p, *, *, *, allow\n")
    policy = FieldPolicy(own, load_contract("embedded"))
    assert policy.allows("rep", "card", "account.tier")
    assert policy.decide("rep", "card", "contact.phone").rule.endswith("contact.phone: purposes")
    assert policy.decide("model", "card", "account.credit_limit").rule.endswith(
        "credit_limit: allowedReaders"
    )
    assert policy.decide("rep", "card", "account.shoe_size").rule.endswith("shoe_size: not in the contract")


@pytest.mark.parametrize(
    "line",
    ["p, rep, card, *", "p, boss, card, *, allow", "p, rep, gossip, *, allow", "p, rep, card, *, perhaps"],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    own = tmp_path / "policy.csv"
    own.write_text(f"# ours\n{line}\n")
    with pytest.raises(PolicyUnusable, match="line 2"):
        FieldPolicy(own)


def test_an_account_is_shown_without_what_the_role_may_not_read(policy: FieldPolicy) -> None:
    invoice = Record("invoice", "INV-1", "货款", (field("amount", "金额", "5000", "¥5,000.00"),))
    whole = account(field("tier", "客户等级", "VIP"), field("remark", "备注", "难缠"), records=(invoice,))
    card, draft = policy.visible(whole, "rep", "card"), policy.visible(whole, "rep", "draft")
    assert [one.name for one in card.fields] == ["tier", "remark"]
    assert [one.name for one in draft.fields] == ["tier"]
    assert card.contacts == (Contact("c1", "王建国", "设备科主任", "138****0001"),)
    prompt = policy.visible(whole, "model", "prompt")
    assert prompt.contacts == ()
    assert prompt.records[0].fields == ()


def test_words_kept_from_a_language_model_are_named_as_they_would_stand(policy: FieldPolicy) -> None:
    invoice = Record("invoice", "INV-1", "货款", (field("amount", "金额", "5000", "¥5,000.00"),))
    whole = account(field("tier", "客户等级", "VIP"), records=(invoice,))
    assert policy.withheld(whole, "model", "prompt") == ("¥5,000.00", "王建国", "13800000001")


@pytest.mark.parametrize(
    ("number", "shown"),
    [("13800000001", "138****0001"), ("021-34240127", "021****0127"), ("110", "****"), ("", "")],
)
def test_a_number_leaves_its_ends(number: str, shown: str) -> None:
    assert ends_of(number) == shown


def test_a_decision_that_was_made_before_costs_next_to_nothing(policy: FieldPolicy) -> None:
    policy.allows("rep", "card", "account.tier")
    began = time.perf_counter()
    for _ in range(10_000):
        policy.allows("rep", "card", "account.tier")
    assert time.perf_counter() - began < 0.5
