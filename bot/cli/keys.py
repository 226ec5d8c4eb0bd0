"""`yiju keys`: API keys. The key itself is shown once; only its digest is kept."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.opening import open_store
from bot.errors import InvalidInput
from bot.security import KEY_SCOPES, keys, new_key, revoke_key

keys_app = typer.Typer(no_args_is_help=True, help="API keys for /api/v1.")


@keys_app.command()
def add(
    name: Annotated[str, typer.Argument(help="what the key is for")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"one or more of {', '.join(KEY_SCOPES)}; utterances where left out"),
    ] = None,
) -> None:
    """Create a key and print it, this once."""
    from bot.app import utc_now

    scopes = tuple(scope or ["utterances"])
    if wrong := set(scopes) - set(KEY_SCOPES):
        raise InvalidInput(f"scope {', '.join(sorted(wrong))}; expected {', '.join(KEY_SCOPES)}")
    with open_store().begin() as session:
        key_id, key = new_key(session, name, scopes, utc_now())
    print(key)
    print(f"key {key_id} for {', '.join(scopes)}; keep it, it is not shown again", file=sys.stderr)


@keys_app.command()
def revoke(key: Annotated[str, typer.Argument(help="the key's id, as `list` shows it")]) -> None:
    """Make a key useless from now on."""
    from bot.app import utc_now

    with open_store().begin() as session:
        revoke_key(session, key, utc_now())
    print(f"key {key} is revoked", file=sys.stderr)


@keys_app.command("list")
def list_keys() -> None:
    """Every key, without the key itself."""
    table = Table("id", "name", "scopes", "created", "revoked")
    with open_store().look() as session:
        for row in keys(session)[0]:
            table.add_row(
                row.id, row.name, row.scopes, f"{row.created_at:%Y-%m-%d}", f"{row.revoked_at or ''}"
            )
    Console().print(table)
