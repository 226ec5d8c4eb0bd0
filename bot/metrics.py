"""What operators watch (Prometheus text at `/metrics`). Labels are few and never hold people or words."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_FAST = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.5, 3, 10)

RECEIVED = Counter("yiju_deliveries_received", "Deliveries stored", ["channel", "kind"])
REPEATED = Counter("yiju_deliveries_repeated", "Deliveries that had arrived before", ["channel"])
REJECTED = Counter("yiju_envelopes_rejected", "Requests that proved nothing", ["channel", "reason"])
ACKNOWLEDGED = Histogram(
    "yiju_acknowledge_seconds", "Callback received to answered", ["channel"], buckets=_FAST
)
TURN = Histogram("yiju_turn_seconds", "Turn taken up to decision saved", ["outcome"], buckets=_FAST)
SENT = Counter("yiju_messages", "Messages handed to a platform", ["channel", "kind", "result"])
MOVED = Counter("yiju_decisions_moved", "Replies to cards", ["move", "result"])
CARRIED_OUT = Counter("yiju_actions", "Actions carried out", ["kind", "result"])
WAITING = Gauge("yiju_queue_waiting", "Rows waiting", ["queue"])
REDRAFTED = Counter("yiju_redrafts", "Better drafts asked for of a language model", ["result"])
POSED = Counter("yiju_passages_asked_about", "Passages whose questions a language model wrote", ["result"])
