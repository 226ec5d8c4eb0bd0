"""Facts and windows as rows: each occurrence counted once, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from crm_bridge.events.ledger import insert_new
from crm_bridge.signals.model import Fact, Occurrence, Score, Window
from crm_bridge.signals.scoring import facts_of
from crm_bridge.signals.sheet import Sheet
from crm_bridge.signals.tables import SignalReadRow, SignalRow, SignalWindowRow


def keep(session: Session, sheets: Mapping[str, Sheet], found: Sequence[Occurrence]) -> set[str]:
    """Note occurrences and what they say. Returns the accounts of which something new is known."""
    touched = set()
    for one in found:
        if not insert_new(session, SignalReadRow, {"ref": one.ref, "at": one.at}):
            continue
        for name, sheet in sheets.items():
            for fact in facts_of(sheet, one) if one.account else ():
                values = {
                    "ref": fact.ref,
                    "sheet": name,
                    "dimension": fact.dimension,
                    "account": fact.account,
                    "at": fact.at,
                    "strength": fact.strength,
                    "what": fact.what,
                }
                if insert_new(session, SignalRow, values):
                    touched.add(one.account)
    return touched


def facts(session: Session, sheet: str, account: str, now: datetime, horizon_days: float) -> list[Fact]:
    query = select(SignalRow).where(
        col(SignalRow.account) == account,
        col(SignalRow.sheet) == sheet,
        col(SignalRow.at) >= now - timedelta(days=horizon_days),
    )
    rows = session.execute(query.order_by(col(SignalRow.at))).scalars()
    return [Fact(row.account, row.dimension, row.at, row.ref, row.strength, row.what) for row in rows]


def accounts(session: Session, now: datetime, horizon_days: float) -> list[str]:
    """Everybody of whom something is known."""
    since = now - timedelta(days=horizon_days)
    query = select(col(SignalRow.account)).where(col(SignalRow.at) >= since).distinct()
    return sorted(session.execute(query).scalars())


def window(session: Session, sheet: str, account: str, *, lock: bool = False) -> Window:
    """As it was left; `lock` on PostgreSQL keeps it from another process until the end of the transaction."""
    row = session.get(SignalWindowRow, {"account": account, "sheet": sheet}, with_for_update=lock or None)
    return Window(row.is_open, row.since, row.told_at, row.waiting) if row else Window()


def keep_window(session: Session, sheet: str, account: str, found: Window, score: Score) -> None:
    session.merge(
        SignalWindowRow(
            account=account,
            sheet=sheet,
            is_open=found.is_open,
            waiting=found.waiting,
            score=score.value,
            since=found.since,
            told_at=found.told_at,
            counted_at=score.at,
        )
    )
    session.flush()
