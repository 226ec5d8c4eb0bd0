"""Who decided what was undone later: it stood in the place of who undid it, and is found in the confirmations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_DECISION = sa.table(
    "bot_decision",
    sa.column("id", sa.String),
    sa.column("state", sa.String),
    sa.column("decided_by", sa.String),
    sa.column("decided_at", sa.DateTime(timezone=True)),
    sa.column("body", sa.JSON),
)
_CONFIRMATION = sa.table(
    "bot_confirmation",
    sa.column("decision", sa.String),
    sa.column("kind", sa.String),
    sa.column("person", sa.String),
    sa.column("at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    for one, person, at, body in _undone(_CONFIRMATION.c.kind != "undo"):
        if "undone_by" not in body:
            moved = {"undone_by": body["decided_by"], "undone_at": body["decided_at"]}
            _save(one, person, at, body | moved)


def downgrade() -> None:
    for one, person, at, body in _undone(_CONFIRMATION.c.kind == "undo"):
        _save(one, person, at, {name: kept for name, kept in body.items() if not name.startswith("undone_")})


def _undone(kind: sa.ColumnElement[bool]) -> Iterator[tuple[str, str, datetime, dict[str, Any]]]:
    """Each undone decision with its latest confirmation of this kind: id, who, when, body."""
    connection, one, said = op.get_bind(), _DECISION.c, _CONFIRMATION.c
    rows = connection.execute(sa.select(one.id, one.body).where(one.state == "undone")).all()
    if not rows:
        return
    undone = said.decision.in_(sa.select(one.id).where(one.state == "undone"))
    query = sa.select(said.decision, said.person, said.at).where(undone, kind).order_by(said.at)
    latest = {decision: (person, at) for decision, person, at in connection.execute(query)}
    for decision, body in rows:
        if decision in latest:
            person, at = latest[decision]
            yield decision, person, at if at.tzinfo else at.replace(tzinfo=UTC), body


def _save(decision: str, person: str, at: datetime, body: dict[str, Any]) -> None:
    kept = body | {"decided_by": person, "decided_at": at.isoformat()}
    change = sa.update(_DECISION).where(_DECISION.c.id == decision)
    op.get_bind().execute(change.values(decided_by=person, decided_at=at, body=kept))
