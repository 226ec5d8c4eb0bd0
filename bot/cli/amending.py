"""`yiju knowledge edit`: what is known of a document besides its text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

import typer

from bot.cli.readers import person_named, visibility_named
from knowledge import DocumentKind, ParticularsWrong

_DAY = ["%Y-%m-%d"]


def edit(
    document: Annotated[str, typer.Argument(help="Its id, as `list` shows it.")],
    title: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[DocumentKind | None, typer.Option()] = None,
    customer: Annotated[
        str | None, typer.Option(help="Only this customer's cards may show it; '' = all.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="The current version, as printed.")] = None,
    valid_from: Annotated[datetime | None, typer.Option(formats=_DAY)] = None,
    valid_until: Annotated[datetime | None, typer.Option(formats=_DAY)] = None,
    owner: Annotated[str | None, typer.Option(help="Name or id of who answers for it.")] = None,
    visibility: Annotated[
        str | None,
        typer.Option(help="Who may read it: everyone, team (the owner's), team:MANAGER, managers."),
    ] = None,
) -> None:
    """Change title, kind, customer, validity, owner or who may read it; what is not named stays."""
    from bot.cli.knowledge import account_of, open_library

    library = open_library()
    known = library.document(document)
    if known is None:
        raise typer.BadParameter(f"no document {document}; `yiju knowledge list` shows the ids")
    owned_by = (
        person_named(owner or known.owner or "") if owner or (visibility == "team" and known.owner) else None
    )
    given: dict[str, Any] = {
        "title": title,
        "kind": kind,
        "version": version,
        "valid_from": _date(valid_from),
        "valid_until": _date(valid_until),
        "owner": str(owned_by.id) if owner and owned_by else None,
        "visibility": visibility_named(visibility, owned_by),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if customer is not None:
        changes["customer"] = account_of(customer)
    try:
        library.amend(replace(known, **changes))
    except ParticularsWrong as wrong:
        raise typer.BadParameter(f"{wrong} ({wrong.detail})") from wrong
    print(f"《{changes.get('title', known.title)}》 {', '.join(changes) or 'nothing'} changed")


def _date(at: datetime | None) -> date | None:
    return at and at.date()
