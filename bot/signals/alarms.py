"""Troubles of the quality board as admins hear of them: one card when they come, one when they are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from bot.card import Notice
from crm_bridge.lineage import system_name
from crm_bridge.quality import Board, Breach, QualitySheet
from crm_bridge.signals.tables import QualityAlertRow
from prompts import phrase

SECONDS, HOURS = frozenset({"latency_p95_s", "age_s"}), frozenset({"silent_hours"})
MOST_ROWS = 6


@dataclass(frozen=True)
class Heard:
    """What is new at a look, the keys of what is over, and how many troubles last."""

    news: tuple[Breach, ...]
    over: tuple[str, ...]
    last: int


def note(session: Session, found: Board, bounds: QualitySheet, unseen: str = "") -> Heard:
    """Write down what is broken now. `unseen`: keys that begin so could not be looked at, and stay as they were."""
    now, broken = found.at, {one.key for one in found.breaches}
    known = {row.key: row for row in session.execute(select(QualityAlertRow)).scalars()}
    rest, calm = timedelta(hours=bounds.cool_down_hours), timedelta(minutes=bounds.calm_minutes)
    news = tuple(one for one in found.breaches if _came(session, known.get(one.key), one.key, now, rest))
    gone = [
        row for row in known.values() if row.key not in broken and not (unseen and row.key.startswith(unseen))
    ]
    over = tuple(row.key for row in gone if _went(row, now, calm))
    return Heard(news, over, len(broken) - len(news))


def _came(session: Session, row: QualityAlertRow | None, key: str, now: datetime, rest: timedelta) -> bool:
    """Whether it is to be told. One that lasts is told once; one that is over and comes again, once in a cool-down."""
    if row is None:
        session.add(QualityAlertRow(key=key, since=now, told_at=now))
        return True
    if row.cleared_at is not None:
        row.since, row.cleared_at = (row.since if row.over_at is None else now), None
    if row.over_at is None or now - row.told_at < rest:
        return False
    row.told_at, row.over_at = now, None
    return True


def _went(row: QualityAlertRow, now: datetime, calm: timedelta) -> bool:
    """Whether its end is to be told: once, and only after it has stayed away for a while."""
    row.cleared_at = row.cleared_at or now
    if row.over_at is not None or now - row.cleared_at < calm:
        return False
    row.over_at = now
    return True


def alarm(heard: Heard, public_url: str) -> Notice | None:
    """None where nothing is new."""
    rows = [
        (phrase(f"quality_short_{one.metric}"), f"{_place(one.place)} {_against(one)}") for one in heard.news
    ]
    return _notice("alarm", rows, public_url, others=heard.last) if rows else None


def all_clear(heard: Heard, public_url: str) -> Notice | None:
    """None where nothing ended."""
    ended = [key.rpartition(" ") for key in heard.over]
    rows = [(phrase(f"quality_short_{metric}"), _place(place)) for place, _, metric in ended]
    return _notice("over", rows, public_url, others=heard.last + len(heard.news)) if rows else None


def _notice(kind: str, rows: Sequence[tuple[str, str]], public_url: str, others: int) -> Notice:
    return Notice(
        title=phrase(f"quality_title_{kind}"),
        subtitle=phrase(f"quality_subtitle_{kind}", others=others),
        figure=str(len(rows)),
        figure_name=phrase(f"quality_figure_{kind}"),
        rows=tuple(rows[:MOST_ROWS]),
        button=phrase("quality_open"),
        url=f"{public_url.rstrip('/')}/console/quality",
    )


def told(breach: Breach) -> str:
    """One breach in an admin's words."""
    found, bound = _shown(breach.metric, breach.found), _shown(breach.metric, breach.bound)
    return phrase(
        "quality_breach",
        place=_place(breach.place),
        metric=phrase(f"quality_{breach.metric}"),
        found=found,
        bound=bound,
    )


def _against(breach: Breach) -> str:
    found, bound = _shown(breach.metric, breach.found), _shown(breach.metric, breach.bound)
    return phrase("quality_against", found=found, bound=bound)


def _place(place: str) -> str:
    """The source as people call it, and the field where it is one's."""
    source, _, name = place.partition(" ")
    return f"{system_name(source)} {name}".strip()


def _shown(metric: str, value: float) -> str:
    if metric in SECONDS:
        return span(value)
    if metric in HOURS:
        return span(3600 * value)
    return f"{value:.0%}" if metric == "null_rate" else f"{value:g}"


def span(seconds: float | None) -> str:
    """A time as people say it: 3 天, 2 小时, 40 分, 0.4 秒."""
    if seconds is None:
        return "—"
    for size, unit in ((86400, "天"), (3600, "小时"), (60, "分")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.1f} 秒"
