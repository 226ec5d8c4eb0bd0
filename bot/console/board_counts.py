"""Counts the board's numbers: by the database, over what the viewer may see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    Subquery,
    case,
    distinct,
    func,
    literal,
    select,
    union_all,
)
from sqlmodel import Session, col

from bot.console.board_numbers import (
    HAD_TO_BE_DECIDED,
    Board,
    Edited,
    Habit,
    Pace,
    Row,
    Share,
    Streak,
    of_intent,
)
from bot.console.filtering import Address
from bot.console.listing import SAID, midnight, scope, unsaid
from bot.console.outcomes import BUYING, CONFIRMED, DECIDED, SIGNS, TECHNICAL, outcome, own
from bot.console.sql import took_s
from bot.console.teams import of_team
from bot.decision import State
from bot.people import Person
from bot.tables import CorrectionRow, DecisionRow
from knowledge.tables import GapAskingRow

MOST_EDITED = 8
_TIMES = (col(DecisionRow.created_at), col(DecisionRow.decided_at))
Cards = Sequence[ColumnElement[bool]]
"""Which decisions are counted: those that the viewer may see, of a time."""


def board(session: Session, viewer: Person, since: date, until: date | None = None, team: str = "") -> Board:
    """Of the cards proposed from a day on, up to `until` (included) and by a `team` (its manager's id) where they are given."""
    cards = proposed(session, viewer, since, until, team)
    cells, days = tallies(session, cards)
    intents = _rows(((one.intent, one) for one in cells), of_intent)
    pooled, each = paces(session, cards)
    corrected = corrections(session, cards)
    return Board(
        since=since,
        until=until,
        team=team,
        all=overall(intents),
        intents=intents,
        reps=_rows(((one.whose, one) for one in cells), lambda rep: {"rep": rep}),
        days=by_day(days),
        rules=by_rule(session, cards, cells),
        everybody=pooled,
        habits=habits(session, cards, each),
        corrected=corrected,
        drift=drift(corrected, intents),
        edited=edited(session, cards, intents),
    )


class Cell(NamedTuple):
    """How many cards of an intent and of a rep, day or conversation came to the same."""

    intent: str
    whose: str
    outcome: str
    state: str
    cards: int


def overall(rows: Sequence[Row]) -> Row:
    """All rows as one."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.counts)
    closed = Share(sum(row.closed.hits for row in rows), sum(row.closed.total for row in rows))
    return Row("", counts, closed, {})


def tallies(session: Session, cards: Cards) -> tuple[list[Cell], list[Cell]]:
    """By intent and rep, and by the day in Shanghai on which the card was proposed: every card is looked at once."""
    at = col(DecisionRow.created_at)
    day = (
        func.date(at, "+8 hours")
        if session.get_bind().dialect.name == "sqlite"
        else func.to_char(func.timezone("Asia/Shanghai", at), "YYYY-MM-DD")
    )
    counted = _counted(cards, col(DecisionRow.rep).label("rep"), day.label("day")).cte("counted")
    cell = counted.c
    of_reps = (literal("rep"), cell.intent, cell.rep.label("whose"), cell.outcome, cell.state)
    of_days = (literal("day"), literal(""), cell.day.label("whose"), cell.outcome, cell.state)
    both = union_all(
        select(*of_reps, func.sum(cell.cards)).group_by(*of_reps[1:]),
        select(*of_days, func.sum(cell.cards)).group_by(*of_days[2:]),
    )
    found: dict[str, list[Cell]] = {"rep": [], "day": []}
    for by, intent, whose, made_of_it, state, number in session.execute(both):
        found[by].append(Cell(intent, whose, made_of_it, state, int(number)))
    return found["rep"], found["day"]


def by_day(cells: Sequence[Cell]) -> list[Row]:
    """Oldest first."""
    rows = _rows(((one.whose, one) for one in cells), lambda day: {"since": day, "until": day})
    return sorted(rows, key=lambda row: row.key)


def by_rule(session: Session, cards: Cards, cells: Sequence[Cell]) -> list[Row]:
    """By what made the card: what caused it where nobody spoke (`event:ticket.reported`, `expiring`, `signal:upsell`),
    otherwise the template of its intent (`said:complaint`): `cells` less the others."""
    conversation: Label[Any] = col(DecisionRow.conversation).label("whose")
    caused = [Cell(*row) for row in session.execute(_counted([*cards, unsaid()], conversation))]
    said: Counter[tuple[str, str, str]] = Counter()
    for one in cells:
        said[one.intent, one.outcome, one.state] += one.cards
    for one in caused:
        said[one.intent, one.outcome, one.state] -= one.cards
    templates = (
        (f"{SAID}:{intent}", Cell(intent, "", made_of_it, state, count))
        for (intent, made_of_it, state), count in said.items()
        if count
    )
    return _rows(chain(((rule_of(one.whose), one) for one in caused), templates), _of_rule)


def rule_of(conversation: str) -> str:
    """What caused the cards of a conversation in which nobody spoke."""
    kind, _, rest = conversation.partition(":")
    return kind if kind == "expiring" else f"{kind}:{rest.split(':')[0]}"


def paces(session: Session, cards: Cards) -> tuple[Pace | None, dict[str, Pace]]:
    """How long reps took for what they decided themselves: all together, and each."""
    took = (
        select(col(DecisionRow.rep).label("rep"), took_s(*_TIMES).label("took"))
        .where(*cards, own())
        .subquery()
    )
    return _paces(session, took)


def habits(session: Session, cards: Cards, known: Mapping[str, Pace]) -> list[Habit]:
    """Of each rep who decided something, busiest first."""
    names = ("at_once", "confirmed", "unopened", "noted")
    counts = [func.count(case((SIGNS[name][1](), 1))) for name in names]
    rep = col(DecisionRow.rep)
    query = select(rep, *counts).where(*cards, own()).group_by(rep)
    longest = streaks(session, cards)
    found = [
        Habit(rep, known[rep], Share(at_once, confirmed), Share(unopened, noted), longest.get(rep))
        for rep, at_once, confirmed, unopened, noted in session.execute(query)
    ]
    return sorted(found, key=lambda habit: -habit.pace.decided)


def streaks(session: Session, cards: Cards) -> dict[str, Streak]:
    """Each rep's longest row of cards confirmed as they were; what was decided in one instant counts as after it."""
    rep, at = col(DecisionRow.rep), col(DecisionRow.decided_at)
    accepted = (outcome() == "accepted").label("accepted")
    decided = select(rep.label("rep"), at.label("at"), accepted).where(*cards, own()).subquery()
    breaks = func.count(case((decided.c.accepted.is_(False), 1)))
    after = select(
        decided.c.rep,
        decided.c.at,
        decided.c.accepted,
        breaks.over(partition_by=decided.c.rep, order_by=decided.c.at).label("after"),
    ).subquery()
    runs = (
        select(after.c.rep, func.count().label("cards"), func.min(after.c.at), func.max(after.c.at))
        .where(after.c.accepted)
        .group_by(after.c.rep, after.c.after)
        .order_by(func.count())
    )
    return {rep: Streak(*run) for rep, *run in session.execute(runs)}  # the longest comes last and stays


def corrections(session: Session, cards: Cards) -> Counter[tuple[str, str]]:
    """(proposed intent, what the rep said it was) → how often."""
    pair = (func.coalesce(DecisionRow.intent, ""), func.coalesce(CorrectionRow.corrected, ""))
    query = (
        select(*pair, func.count())
        .join(DecisionRow, col(DecisionRow.id) == col(CorrectionRow.decision))
        .where(*cards, col(CorrectionRow.kind) == "intent")
        .group_by(*pair)
    )
    return Counter({(was, now): count for was, now, count in session.execute(query)})


def drift(corrected: Mapping[tuple[str, str], int], intents: Sequence[Row]) -> Share:
    """Technical questions, of the cards that read a buying signal and that somebody decided."""
    wrong = sum(count for (was, now), count in corrected.items() if was in BUYING and now in TECHNICAL)
    decided = sum(row.counts.get(name, 0) for row in intents if row.key in BUYING for name in DECIDED)
    return Share(wrong, decided)


def edited(session: Session, cards: Cards, intents: Sequence[Row]) -> list[Edited]:
    """The templates and rules whose drafts or fields reps change most, most often first."""
    confirmed = {row.key: sum(row.counts.get(name, 0) for name in CONFIRMED) for row in intents}
    intent = func.coalesce(DecisionRow.intent, "")
    what = (
        func.json_each(CorrectionRow.changes).table_valued("key", joins_implicitly=True).c.key
        if session.get_bind().dialect.name == "sqlite"
        else func.json_object_keys(CorrectionRow.changes).column_valued("key", joins_implicitly=True)
    )
    count = func.count(distinct(col(DecisionRow.id)))
    query = (
        select(intent, what, count)
        .select_from(CorrectionRow)
        .join(DecisionRow, col(DecisionRow.id) == col(CorrectionRow.decision))
        .where(*cards, col(CorrectionRow.kind) == "content", outcome().in_(CONFIRMED))
        .group_by(intent, what)
        .order_by(count.desc(), intent, what)
        .limit(MOST_EDITED)
    )
    return [
        Edited(intent, what, Share(times, confirmed[intent]))
        for intent, what, times in session.execute(query)
    ]


def gap_cards(session: Session, cards: Cards, gaps: Sequence[str]) -> dict[str, int]:
    """How many cards each of these questions without an answer was met in."""
    query = (
        select(col(GapAskingRow.gap), func.count())
        .join(DecisionRow, col(DecisionRow.turn) == col(GapAskingRow.asked_in))
        .where(*cards, col(GapAskingRow.gap).in_(gaps))
        .group_by(col(GapAskingRow.gap))
    )
    return {gap: count for gap, count in session.execute(query)}


def proposed(
    session: Session, viewer: Person, since: date, until: date | None = None, team: str = ""
) -> list[ColumnElement[bool]]:
    at = col(DecisionRow.created_at)
    narrowed = [at < midnight(until + timedelta(days=1))] if until else []
    if team:
        narrowed.append(of_team(team))
    return [*scope(session, viewer), at >= midnight(since), *narrowed]


def _counted(cards: Cards, *by: Label[Any]) -> Select[Any]:
    """How many of each intent, of these columns, and of what became of them."""
    intent = func.coalesce(DecisionRow.intent, "").label("intent")
    groups = (intent, *by, outcome().label("outcome"), col(DecisionRow.state).label("state"))
    by_name = (
        one.name for one in groups
    )  # values written twice are two parameters to PostgreSQL, and differ
    return select(*groups, func.count().label("cards")).where(*cards).group_by(*by_name)


def _rows(found: Iterable[tuple[str, Cell]], where: Callable[[str], Address]) -> list[Row]:
    """Cells of one key together, the fullest row first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    done, had_to = Counter[str](), Counter[str]()
    for key, cell in found:
        counts[key][cell.outcome] += cell.cards
        had_to[key] += cell.cards if cell.state in HAD_TO_BE_DECIDED else 0
        done[key] += cell.cards if cell.state == State.CARRIED_OUT.value else 0
    rows = [Row(key, counts[key], Share(done[key], had_to[key]), where(key)) for key in counts]
    return sorted(rows, key=lambda row: (-row.total, row.key))


def _of_rule(rule: str) -> Address:
    kind, _, intent = rule.partition(":")
    return {"origin": SAID, **of_intent(intent)} if kind == SAID else {"origin": rule}


def _paces(session: Session, took: Subquery) -> tuple[Pace | None, dict[str, Pace]]:
    """The middle and the ninth tenth of all times and of each one's, picked by the database in one look."""
    rep, time = took.c.rep, took.c.took
    ranked = select(
        rep,
        time,
        func.row_number().over(partition_by=rep, order_by=time).label("at"),
        func.count().over(partition_by=rep).label("of"),
        func.row_number().over(order_by=time).label("at_of_all"),
        func.count().over().label("of_all"),
    ).subquery()
    one = ranked.c
    own, pooled = (
        [
            func.max(case((at == place, one.took)))
            for place in ((of + 1) // 2, of // 2 + 1, (of * 9 + 9) // 10)
        ]
        for at, of in ((one.at, one.of), (one.at_of_all, one.of_all))
    )
    rows = session.execute(select(one.rep, one.of, *own, *pooled).group_by(one.rep, one.of)).all()
    each = {rep: _pace(decided, *times[:3]) for rep, decided, *times in rows}
    if not rows:
        return None, each
    return _pace(sum(pace.decided for pace in each.values()), *_known(rows)), each


def _known(rows: Sequence[Any]) -> Iterator[float]:
    """A place among all times is one rep's row; in the others' it is None."""
    for column in list(zip(*rows, strict=True))[-3:]:
        yield next(value for value in column if value is not None)


def _pace(decided: int, low: float, high: float, tenth: float) -> Pace:
    return Pace(decided, float(low + high) / 2, float(tenth))
