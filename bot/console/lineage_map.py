"""Sources → fields → cards, drawn: which values of which system were reasons on the cards of late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from bot import decisions
from bot.decision import Reason, ReasonKind
from bot.tables import DecisionRow

LOOKED_AT = 500
A_RECORD = "record"
"""In the place of a field: the reason rests on a whole record (an order, a quote)."""


class Flow(NamedTuple):
    system: str
    field: str
    """Of the account: `tier`."""
    intent: str
    """Of the card; empty where it asked which is meant."""


def flows(session: Session) -> tuple[Counter[Flow], int]:
    """How many of the latest cards each flow ended on, and how many cards were looked at."""
    query = select(DecisionRow).order_by(col(DecisionRow.created_at).desc()).limit(LOOKED_AT)
    newest = [decisions.read(row) for row in session.exec(query)]
    found: Counter[Flow] = Counter()
    for decision in newest:
        reasons = [one for one in decision.rationale.reasons if one.kind is ReasonKind.CRM]
        found.update({_flow(one, decision.intent or "") for one in reasons})
    return found, len(newest)


def _flow(reason: Reason, intent: str) -> Flow:
    return Flow(reason.source.partition(" · ")[0], reason.ref.partition(".")[2] or A_RECORD, intent)


def drawn(found: Mapping[Flow, int], fields: Mapping[str, str], intents: Mapping[str, str]) -> dict[str, Any]:
    """As a Sankey diagram of ECharts; a field and an intent without a name are shown as they are."""
    links: Counter[tuple[str, str]] = Counter()
    for flow, cards in found.items():
        # the three columns may share a name (合同, 合同条款), and a node's name is its key
        field = fields.get(flow.field, flow.field)
        links[flow.system, field] += cards
        links[field, f"{intents.get(flow.intent, flow.intent) or '待定'}卡片"] += cards
    ends = {target for _, target in links} - {source for source, _ in links}
    return {
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "sankey",
                "left": 4,
                "right": 4,
                "data": [
                    {"name": name, "label": {"position": "left" if name in ends else "right"}}
                    for name in _once(name for pair in links for name in pair)
                ],
                "links": [
                    {"source": source, "target": target, "value": cards}
                    for (source, target), cards in links.items()
                ],
                "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": "gradient", "opacity": 0.35},
                "label": {"fontSize": 11},
                "nodeGap": 16,
            }
        ],
    }


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
