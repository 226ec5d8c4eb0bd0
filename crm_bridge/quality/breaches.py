"""What is beyond its bound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import func, select
from sqlmodel import Session, col

from crm_bridge.contracts.model import DataContract, Threshold
from crm_bridge.quality.bounds import QualitySheet
from crm_bridge.quality.model import Breach, FieldLine, SourceLine
from crm_bridge.tables import IdentityRow


def of_sources(lines: Iterable[SourceLine], bounds: QualitySheet) -> Iterator[Breach]:
    for line in lines:
        by = bounds.of(line.source)
        yield from _over(line.source, "latency_p95_s", line.latency_p95_s or 0, by.latency_p95_s)
        yield from _over(line.source, "dead_letters", line.dead_letters, by.dead_letters)
        yield from _over(line.source, "conflicts", line.conflicts, by.conflicts)
        if _is_silent(line):
            yield from _over(line.source, "silent_hours", (line.silent_s or 0) / 3600, by.silent_hours)


def of_events(
    lines: Iterable[FieldLine],
    sources: Iterable[SourceLine],
    contract: DataContract | None,
    bounds: QualitySheet,
) -> Iterator[Breach]:
    """Of fields that events bring. What all of a source has is told of the source, not of each of its fields."""
    sent = {one.source: one for one in sources}
    for line in lines:
        place, by, source = f"{line.source} {line.field}", bounds.of(line.source), sent.get(line.source)
        yield from _over(place, "violations", line.violations, by.violations)
        if line.target_s is not None and not (source and _is_silent(source)):
            yield from _over(place, "age_s", line.age_s or 0, line.target_s)
        if line.values < bounds.least_values:
            continue
        if source is None or (source.latency_p95_s or 0) <= by.latency_p95_s:
            yield from _over(place, "latency_p95_s", line.latency_p95_s or 0, by.latency_p95_s)
        if contract is None or contract.get(line.field) is None:
            yield from _over(place, "null_rate", line.null_rate, by.null_rate)


def of_system(
    lines: Iterable[FieldLine], contract: DataContract | None, bounds: QualitySheet
) -> Iterator[Breach]:
    """Of fields that are read from the customer system, by what its contract says of each."""
    for line in lines:
        place, by = f"{line.source} {line.field}", bounds.of(line.source)
        rule = contract.get(line.field) if contract else None
        yield from _over(place, "violations", line.violations, by.violations)
        if line.target_s is not None:
            yield from _over(place, "age_s", line.age_s or 0, line.target_s)
        if rule and rule.quality and line.values:
            yield from (breach for one in rule.quality for breach in _agreed(place, line, one))
        elif rule is None and line.values >= bounds.least_values:
            yield from _over(place, "null_rate", line.null_rate, by.null_rate)


def _is_silent(line: SourceLine) -> bool:
    return 0 < line.silent_target_s < (line.silent_s or 0)


def _agreed(place: str, line: FieldLine, threshold: Threshold) -> Iterator[Breach]:
    """What the data contract says of the field itself."""
    found = line.invalid if threshold.metric == "invalidValues" else line.null_rate * line.values
    if threshold.unit == "percent":
        found = 100 * found / line.values
    if not threshold.holds(found):
        yield Breach(f"{place} {threshold.metric}", place, threshold.metric, round(found, 3), threshold.bound)


def of_identities(session: Session, bounds: QualitySheet) -> Iterator[Breach]:
    """Accounts that several records of one system claim to be."""
    several = (
        select(col(IdentityRow.system), col(IdentityRow.account))
        .group_by(col(IdentityRow.system), col(IdentityRow.account))
        .having(func.count() > 1)
    )
    counted: dict[str, int] = defaultdict(int)
    for system, _ in session.execute(several):
        counted[system] += 1
    for system, count in counted.items():
        yield from _over(system, "identity_conflicts", count, bounds.of(system).conflicts)


def _over(place: str, metric: str, found: float, bound: float) -> Iterator[Breach]:
    if found > bound:
        yield Breach(f"{place} {metric}", place, metric, round(found, 3), bound)
