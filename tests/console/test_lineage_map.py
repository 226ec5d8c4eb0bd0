"""The map of sources, fields and cards draws what cards used, counted by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.console import lineage_map
from bot.console.lineage_map import A_RECORD, Flow
from bot.decision import DecisionId, Rationale, Reason, ReasonKind
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision
from tests.fakes.office import Office

TIER = Reason(ReasonKind.CRM, "客户等级:VIP", "金蝶云星空 · 仁和 · 客户", "ACC-1.tier")
TERMS = Reason(ReasonKind.CRM, "账期:60 天", "内置CRM · 仁和 · 客户", "ACC-1.payment_days")
ORDER = Reason(ReasonKind.CRM, "按上一单", "内置CRM · 仁和 · SO-7", "SO-7")
PASSAGE = Reason(ReasonKind.PASSAGE, "质保 36 个月", "《合同》", "p1")


def cards(office: Office) -> None:
    for number, (intent, reasons) in enumerate(
        (
            ("quote_request", (TIER, TERMS, PASSAGE)),
            ("quote_request", (TIER, TIER, ORDER)),
            ("complaint", (TIER,)),
            (None, (PASSAGE,)),
        )
    ):
        office.propose(
            a_decision(
                id=DecisionId(f"d{number}"),
                turn=f"t{number}",
                intent=intent,
                rationale=Rationale(reasons),
                created_at=START + timedelta(minutes=number),
            )
        )


def test_a_flow_counts_the_cards_that_used_the_field(office: Office) -> None:
    cards(office)
    with office.store.look() as session:
        assert lineage_map.flows(session) == (
            {
                Flow("金蝶云星空", "tier", "quote_request"): 2,
                Flow("内置CRM", "payment_days", "quote_request"): 1,
                Flow("内置CRM", A_RECORD, "quote_request"): 1,
                Flow("金蝶云星空", "tier", "complaint"): 1,
            },
            4,
        )


def test_only_the_latest_cards_are_looked_at(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage_map, "LOOKED_AT", 2)
    cards(office)
    with office.store.look() as session:
        assert lineage_map.flows(session) == ({Flow("金蝶云星空", "tier", "complaint"): 1}, 2)


def test_the_lines_carry_the_counts_and_every_node_has_a_name() -> None:
    found = {
        Flow("内置CRM", "tier", "quote_request"): 2,
        Flow("内置CRM", "tier", ""): 1,
        Flow("内置CRM", "odd", "quote_request"): 1,
    }
    (series,) = lineage_map.drawn(found, {"tier": "客户等级"}, {"quote_request": "询价报价"})["series"]
    assert {(one["source"], one["target"]): one["value"] for one in series["links"]} == {
        ("内置CRM", "客户等级"): 3,
        ("内置CRM", "odd"): 1,
        ("客户等级", "询价报价卡片"): 2,
        ("客户等级", "待定卡片"): 1,
        ("odd", "询价报价卡片"): 1,
    }
    assert [one["name"] for one in series["data"] if one["label"]["position"] == "left"] == [
        "询价报价卡片",
        "待定卡片",
    ]
