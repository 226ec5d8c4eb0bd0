"""Decisions as lists: filtered, paged and counted by the database, and only those that the viewer may see."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select, union_all
from sqlmodel import Session, col

from bot import actions, decisions, people
from bot.console import outcomes
from bot.console.filtering import UNDECIDED, Filter
from bot.console.sql import begins
from bot.console.teams import of_team
from bot.decision import Decision, State
from bot.outward import outward
from bot.people import Person, Role
from bot.tables import DecisionRow, JournalRow, TurnRow, UserRow
from bot.turns import EVENTS
from crm_bridge.contracts import FieldPolicy

PAGE = 25
MOST_EXPORTED = 20_000
SAID = "said"
"""The origin of cards that somebody's words caused."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
STATES = {
    State.PROPOSED: ("待决定", "open"),
    State.CONFIRMED: ("已确认", "open"),
    State.CORRECTED: ("已修正", "open"),
    State.CARRIED_OUT: ("已执行", "good"),
    State.DECLINED: ("已驳回", "bad"),
    State.FAILED: ("执行失败", "bad"),
    State.EXPIRED: ("已过期", "warn"),
    State.SUPERSEDED: ("已被取代", ""),
    State.UNDONE: ("已撤销", "warn"),
}
"""State → how it is called, and how it looks."""


@dataclass(frozen=True)
class Listed:
    """One page of a list, with how many there are in all."""

    decisions: Sequence[Decision]
    total: int


def find(session: Session, viewer: Person, wanted: Filter, now: datetime, page: int = 0) -> Listed:
    """Newest first."""
    where = _conditions(session, viewer, wanted, now)
    total = _count(session, where)
    order = {one: number for number, one in enumerate(_ids(session, where, page * PAGE, total))}
    rows = session.execute(select(DecisionRow).where(col(DecisionRow.id).in_(order))).scalars()
    return Listed([decisions.read(row) for row in sorted(rows, key=lambda row: order[row.id])], total)


def count(session: Session, viewer: Person, wanted: Filter, now: datetime) -> int:
    return _count(session, _conditions(session, viewer, wanted, now))


def _count(session: Session, where: list[ColumnElement[bool]]) -> int:
    found: int = session.execute(select(func.count()).select_from(DecisionRow).where(*where)).scalar_one()
    return found


def _ids(session: Session, where: list[ColumnElement[bool]], first: int, total: int) -> list[str]:
    """Of one page, sorted without the wide rows; counted from whichever end is nearer, for what is passed over is read."""
    ids, at = col(DecisionRow.id), col(DecisionRow.created_at)
    here = min(PAGE, total - first)
    if here <= 0:
        return []
    query = select(ids).where(*where).limit(here)
    if 2 * first < total:
        return list(session.execute(query.order_by(at.desc(), ids).offset(first)).scalars())
    oldest = query.order_by(at, ids.desc()).offset(total - first - here)
    return list(session.execute(oldest).scalars())[::-1]


def every(session: Session, viewer: Person, wanted: Filter, now: datetime) -> Iterator[Decision]:
    """All of a list for an export, newest first, up to a limit."""
    query = select(DecisionRow).where(*_conditions(session, viewer, wanted, now))
    newest = query.order_by(col(DecisionRow.created_at).desc()).limit(MOST_EXPORTED)
    for row in session.execute(newest).scalars():
        yield decisions.read(row)


def latest(session: Session) -> int:
    """Changes whenever anything was proposed, decided or carried out: each move is a line of the journal."""
    last: int | None = session.execute(select(func.max(col(JournalRow.seq)))).scalar()
    return last or 0


def scope(session: Session, viewer: Person) -> list[ColumnElement[bool]]:
    """Own decisions, the team's for a manager, all for an admin; for everybody else none."""
    if viewer.role is Role.ADMIN:
        return []
    if viewer.role is Role.MANAGER:
        team = [person.id for person in people.team(session, viewer)]
        return [col(DecisionRow.rep).in_([viewer.id, *team])]
    return [col(DecisionRow.rep) == (viewer.id if viewer.role is Role.REP else "")]


def open_one(session: Session, viewer: Person, decision: str) -> Decision | None:
    """One decision, if the viewer may see it; somebody else's is as good as none."""
    query = select(DecisionRow).where(col(DecisionRow.id) == decision, *scope(session, viewer))
    row = session.execute(query).scalar()
    return decisions.read(row) if row else None


def reps(session: Session, viewer: Person) -> dict[str, str]:
    """Whom the list may be narrowed to: id → name."""
    visible = select(UserRow).where(col(UserRow.role).in_([Role.REP.value, Role.MANAGER.value]))
    if viewer.role is not Role.ADMIN:
        visible = visible.where(or_(col(UserRow.manager) == viewer.id, col(UserRow.id) == viewer.id))
    return {row.id: row.name for row in session.execute(visible.order_by(col(UserRow.name))).scalars()}


def met(session: Session, viewer: Person, customers: Sequence[str]) -> set[str]:
    """Those customers of whom the viewer may see a decision: nobody learns another team's customers by typing."""
    query = select(col(DecisionRow.customer)).where(
        col(DecisionRow.customer).in_(customers), *scope(session, viewer)
    )
    return {str(one) for one in session.execute(query.distinct()).scalars()}


def table(
    found: Iterator[Decision],
    labels: dict[str, str],
    names: dict[str, str],
    policy: FieldPolicy,
    role: Role,
) -> Iterator[list[str]]:
    """An export's rows, the head first: as the field policy lets this role have them, and no cell is a formula."""
    yield [
        "编号",
        "时间",
        "销售",
        "客户",
        "说的话",
        "意图",
        "把握",
        "状态",
        "决定人",
        "决定时间",
        "撤销人",
        "撤销时间",
        "操作",
        "草稿",
    ]
    for one in found:
        customer, words, draft = outward(
            [one.customer_name, one.words, one.draft.text], policy, role.value, "export"
        )
        yield [
            plain(cell)
            for cell in (
                one.id,
                at(one.created_at),
                names.get(one.rep, one.rep),
                customer,
                words,
                labels.get(one.intent or "", "未定"),
                f"{one.reading.confidence:.2f}",
                STATES[one.state][0],
                names.get(one.decided_by or "", one.decided_by or ""),
                at(one.decided_at) if one.decided_at else "",
                names.get(one.undone_by or "", one.undone_by or ""),
                at(one.undone_at) if one.undone_at else "",
                "、".join(actions.by_name(action.kind).label for action in one.draft.actions),
                draft,
            )
        ]


RUN_BY_SPREADSHEETS = frozenset("=+-@＝＋－＠")
"""First signs of a formula; the wide ones are typed in Chinese and mean the same to some programs."""


def plain(cell: str) -> str:
    """Text that a spreadsheet shows and does not run (OWASP, CSV injection).

    Signs that control go first: a file leaves them out, and what stood behind them would be the first then.
    """
    shown = "".join(char for char in cell if unicodedata.category(char)[0] != "C" or char == "\n")
    return f"'{shown}" if shown.lstrip()[:1] in RUN_BY_SPREADSHEETS else shown


def as_csv(rows: Iterator[list[str]]) -> bytes:
    """With a mark that Excel needs to read Chinese."""
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode("utf-8-sig")


def as_xlsx(rows: Iterator[list[str]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("决策")
    for row in rows:
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def at(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _conditions(session: Session, viewer: Person, wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    where = [*scope(session, viewer), *_about(wanted), *_made_of_it(wanted)]
    where += [_mentions(word, wanted.customers.get(word, ())) for word in wanted.sought]
    if wanted.needs_me:
        waits = (col(DecisionRow.state) == State.PROPOSED.value) & (col(DecisionRow.expires_at) > now)
        where.append(or_(waits, col(DecisionRow.state) == State.FAILED.value))
    return where


def _mentions(word: str, customers: Collection[str]) -> ColumnElement[bool]:
    """Looked for where it was said: the turn is small, the decision's whole value is not. As typed, or as one types Ｘ２００."""
    spelt = {word, unicodedata.normalize("NFKC", word)}
    said = or_(*(col(TurnRow.text).icontains(one, autoescape=True) for one in sorted(spelt)))
    return or_(
        col(DecisionRow.turn).in_(select(col(TurnRow.id)).where(said)),
        col(DecisionRow.customer).in_(customers),
        col(DecisionRow.id) == word,
    )


def _about(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """Whose, of whom, about what and since when."""
    row = DecisionRow
    if wanted.rep:
        yield col(row.rep) == wanted.rep
    if wanted.team:
        yield of_team(wanted.team)
    if wanted.customer:
        yield col(row.customer) == wanted.customer
    if wanted.intent:
        yield col(row.intent).is_(None) if wanted.intent == UNDECIDED else col(row.intent) == wanted.intent
    if wanted.since:
        yield col(row.created_at) >= midnight(wanted.since)
    if wanted.until:
        yield col(row.created_at) < midnight(wanted.until + timedelta(days=1))
    if wanted.below is not None:
        yield col(row.confidence) < wanted.below
    if wanted.origin:
        yield caused_by(wanted.origin)
    if wanted.gap:
        yield outcomes.met_gap(wanted.gap)


def _made_of_it(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """What became of it, and how it was decided."""
    row = DecisionRow
    if wanted.states:
        yield col(row.state).in_([state.value for state in wanted.states])
    if wanted.outcomes:
        yield outcomes.outcome().in_(wanted.outcomes)
    if wanted.became:
        yield outcomes.became(wanted.became)
    if wanted.changed:
        yield outcomes.changed_in(wanted.changed)
    if wanted.sign:
        yield outcomes.SIGNS[wanted.sign][1]()
    if wanted.decided_from:
        yield col(row.decided_at) >= wanted.decided_from
    if wanted.decided_to:
        yield col(row.decided_at) <= wanted.decided_to


def caused_by(origin: str) -> ColumnElement[bool]:
    """By words (`SAID`), or by what the conversation's name is or begins with."""
    if origin == SAID:
        return ~unsaid()
    conversation = col(DecisionRow.conversation)
    return or_(conversation == origin, begins(conversation, f"{origin}:"))


def unsaid() -> ColumnElement[bool]:
    """Cards that nobody's words caused: few, and found by their conversations' names without a look at the others."""
    caused = [
        select(col(DecisionRow.id)).where(begins(col(DecisionRow.conversation), kind)) for kind in EVENTS
    ]
    return col(DecisionRow.id).in_(union_all(*caused))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
