"""`yiju users`: people and their roles, matched by platform id."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from bot import people
from bot.cli.opening import open_store
from bot.conversation import UserId
from bot.errors import InvalidInput
from bot.people import Person, Role

users_app = typer.Typer(no_args_is_help=True, help="People: reps, managers, trainers, admins.")
COLUMNS = ("name", "role", "wecom", "dingtalk", "manager")


@users_app.command()
def add(
    name: Annotated[str, typer.Argument(help="as colleagues call them")],
    role: Annotated[Role, typer.Option(help="what they may do")],
    wecom: Annotated[str, typer.Option(help="user id in WeCom")] = "",
    dingtalk: Annotated[str, typer.Option(help="user id in DingTalk")] = "",
    manager: Annotated[str, typer.Option(help="name or id of their manager")] = "",
) -> None:
    """Add or change a person."""
    store = open_store()
    with store.begin() as session:
        person = _person(
            session, {"name": name, "role": role, "wecom": wecom, "dingtalk": dingtalk, "manager": manager}
        )
        before = people.find(session, person.id)
        people.add(session, person)
    print(f"{person.id} {person.name} {person.role}")
    for change in _changes(before, person):
        print(f"changed {change}", file=sys.stderr)


@users_app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help=f"CSV with the columns {','.join(COLUMNS)}")],
) -> None:
    """Add or change everybody in a file; a wrong line changes nothing at all and is named."""
    rows = list(_rows(file))
    _check_ids(file, rows)
    store = open_store()
    with store.begin() as session:
        for number, row in sorted(rows, key=lambda one: bool(one[1]["manager"])):  # managers first
            try:
                people.add(session, _person(session, row))
                session.flush()
            except InvalidInput as error:
                raise InvalidInput(f"{file}:{number}: {error}") from error
    print(f"{len(rows)} people", file=sys.stderr)


@users_app.command("list")
def list_people(
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout")] = False,
) -> None:
    """Everybody."""
    with open_store().look() as session:
        everyone = people.everyone(session)
    if as_json:
        for person in everyone:
            print(json.dumps(vars(person), ensure_ascii=False))
        return
    table = Table("id", "name", "role", "wecom", "dingtalk", "manager")
    for person in everyone:
        table.add_row(
            *(
                str(value or "")
                for value in (
                    person.id,
                    person.name,
                    person.role,
                    person.wecom,
                    person.dingtalk,
                    person.manager,
                )
            )
        )
    Console().print(table)


@users_app.command()
def password(
    name: Annotated[str, typer.Argument(help="name or id")],
    stdin: Annotated[
        bool, typer.Option("--stdin", help="read it from the first line of standard input")
    ] = False,
) -> None:
    """Set somebody's password for the console; where they are signed in, they must sign in again."""
    from datetime import UTC, datetime

    from bot.console.passwords import set_password

    store = open_store()
    with store.look() as session:
        found = [one for one in people.everyone(session) if name in {one.id, one.name}]
    if len(found) != 1:
        raise InvalidInput(f"{name!r} fits {len(found)} people; `yiju users list` shows who there is")
    given = (
        sys.stdin.readline().rstrip("\n") if stdin else typer.prompt("password", hide_input=True, err=True)
    )
    with store.begin() as session:
        set_password(session, found[0].id, given, datetime.now(UTC))
    print(f"password of {found[0].name} set", file=sys.stderr)


def _changes(before: Person | None, after: Person) -> Iterator[str]:
    """What an existing person loses by this, so that a mistyped id does not rename a colleague in silence."""
    for name in ("name", "role", "wecom", "dingtalk", "manager"):
        was, now = getattr(before, name, None), getattr(after, name)
        if before is not None and was != now:
            yield f"{name}: {was or 'none'} -> {now or 'none'}"


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise InvalidInput(
                    f"{file}: no column {', '.join(sorted(missing))}; the header is {','.join(COLUMNS)}"
                )
            for number, row in enumerate(reader, 2):
                yield number, {name: (row[name] or "").strip() for name in COLUMNS}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: {error}; expected a CSV file in UTF-8") from error


def _check_ids(file: Path, rows: list[tuple[int, dict[str, str]]]) -> None:
    """Two lines with one platform id would make one person of two."""
    lines: dict[tuple[str, str], int] = {}
    for number, row in rows:
        for channel in ("wecom", "dingtalk"):
            first = lines.setdefault((channel, row[channel].lower()), number) if row[channel] else number
            if first != number:
                raise InvalidInput(
                    f"{file}:{number}: {channel} id {row[channel]} stands in line {first} already"
                )


def _person(session: Session, row: dict[str, str]) -> Person:
    """The id is the platform's, so that one person is the same everywhere; without one, the name."""
    if not row["name"]:
        raise InvalidInput("a person needs a name")
    try:
        role = Role(row["role"])
    except ValueError as error:
        raise InvalidInput(f"role {row['role']!r}; expected one of {', '.join(Role)}") from error
    known = _known(session, row)
    return Person(
        id=known.id if known else UserId(row["wecom"] or row["dingtalk"] or row["name"]),
        name=row["name"],
        role=role,
        manager=_manager(session, row["manager"]) if row["manager"] else None,
        wecom=row["wecom"] or None,
        dingtalk=row["dingtalk"] or None,
        tone=known.tone if known else "warm",
        last_channel=known.last_channel if known else None,
    )


def _known(session: Session, row: dict[str, str]) -> Person | None:
    for channel in ("wecom", "dingtalk"):
        if row[channel] and (found := people.by_address(session, channel, row[channel])):
            return found
    return None


def _manager(session: Session, named: str) -> UserId:
    found = [one for one in people.everyone(session) if named in {one.id, one.name}]
    if len(found) != 1:
        raise InvalidInput(
            f"manager {named!r} fits {len(found)} people; add the manager first, or give the id"
        )
    return found[0].id
