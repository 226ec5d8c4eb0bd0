"""The board's tables of numbers, each one element: as elements of their own, hundreds of cells take seconds to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape

from bot.console.board_numbers import ENDED, HAD_TO_BE_DECIDED, Habit, Row, Share
from bot.console.filtering import Address
from bot.console.gate import AT
from bot.console.outcomes import AT_ONCE, OUTCOMES
from bot.decision import State

FEW = 200
"""Under so many cases a share is shown with its interval."""
SUSPICIOUS = {"at_once": "几秒就确认", "unopened": "几乎从不打开", "streak": "一直照单确认"}
"""Signs of confirming without reading."""
INTERVAL = "95% 区间:样本少,真实的份额可能在这之间"
Path = Callable[[Address], str]
"""The list behind a number, as a path below `/console`."""


def sample(share: Share, hits: Address, total: Address, path: Path) -> str:
    """How many cases, each opening its list, and how sure that makes: `12 / 30 · 25–58%`."""
    if not share.total:
        return '<span class="quiet">还没有</span>'
    counted = f"{opening(str(share.hits), hits, path)} / {opening(str(share.total), total, path)}"
    if share.total >= FEW:
        return f'<span class="quiet sample">{counted}</span>'
    low, high = share.interval
    sure = f'<span title="{INTERVAL}"> · {low * 100:.0f}–{high * 100:.0f}%</span>'
    return f'<span class="quiet sample">{counted}{sure}</span>'


def outcomes(head: str, rows: Sequence[Row], name: Callable[[str], str], path: Path) -> str:
    """What became of the cards of each: share, sample size and, where that is small, the interval."""
    heads = (head, "卡片", "闭环率", *(OUTCOMES[one] for one in ENDED), OUTCOMES["open"])
    return _table(heads, (_outcomes_of(row, name(row.key), path) for row in rows))


def habits(found: Sequence[Habit], names: Mapping[str, str], path: Path) -> str:
    """How each rep decides."""
    heads = (
        "销售", "用时中位数", "最慢一成", f"{AT_ONCE.seconds} 秒内原样确认", "没打开就确认", "最长连续照单确认",
    )  # fmt: skip
    return _table(heads, (_habit(one, names.get(one.rep, one.rep), path) for one in found))


def opening(words: str, where: Address, path: Path) -> str:
    return f'<a class="nicegui-link" href="{escape(AT + path(where))}">{escape(words)}</a>'


def percent(share: Share) -> str:
    return f"{share.value:.0%}" if share.total else "—"


def span(seconds: float) -> str:
    """As people say it: `1.5 小时`."""
    for size, name in ((86400, "天"), (3600, "小时"), (60, "分")):
        if seconds >= size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} 秒"


def _outcomes_of(row: Row, name: str, path: Path) -> Iterator[str]:
    yield escape(name)
    yield opening(str(row.total), row.where, path)
    closed = (row.in_state(State.CARRIED_OUT), row.in_state(*HAD_TO_BE_DECIDED))
    yield _share(row.closed, *closed, path)
    for one in ENDED:
        yield _share(row.share(one), row.of(one), row.of(*ENDED), path)
    yield opening(str(row.counts.get("open", 0)), row.of("open"), path)


def _habit(habit: Habit, name: str, path: Path) -> Iterator[str]:
    signs = "".join(f' <span class="tag warn">{SUSPICIOUS[sign]}</span>' for sign in habit.signs)
    yield f"{escape(name)}{signs}"
    decided = opening(f"{habit.pace.decided} 张", habit.with_sign("own"), path)
    yield f'{span(habit.pace.median_s)}<br><span class="quiet sample">{decided}</span>'
    yield span(habit.pace.slowest_tenth_s)
    yield _share(habit.at_once, habit.with_sign("at_once"), habit.with_sign("confirmed"), path)
    yield _share(habit.unopened, habit.with_sign("unopened"), habit.with_sign("noted"), path)
    yield opening(f"{habit.streak.cards} 张", habit.of_streak, path) if habit.streak else ""


def _share(share: Share, hits: Address, total: Address, path: Path) -> str:
    """A cell."""
    if not share.total:
        return ""
    return f"{opening(percent(share), hits, path)}<br>{sample(share, hits, total, path)}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """`rows`: cells of markup."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="plain numbers"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
