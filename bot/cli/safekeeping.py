"""`yiju backup | restore | migrate-to`: nothing is lost, and it is proved."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import open_store, read_settings


def add_to(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)
    app.command("migrate-to")(migrate_to)


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="the archive to write; yiju-<date>.tar.gz where left out")
    ] = None,
) -> None:
    """One archive of store, documents, models and secret key, of one moment; serving goes on meanwhile."""
    from bot import safekeeping, schema

    settings, now = read_settings(), datetime.now(UTC)
    store = open_store(settings)
    target = file or Path(f"yiju-{now:%Y%m%d-%H%M%S}.tar.gz")
    made = safekeeping.backup(store.engine, settings.data_dir, target, now)
    store.close()
    print(
        f"{target}: {made.rows} rows of {len(made.tables)} tables, {len(made.files)} files, journal {made.journal}"
    )
    if made.revision not in schema.revisions():
        print(
            f"it is of schema {made.revision}, later than this version's: restore it with the version that migrated the store",
            file=sys.stderr,
        )
    print("it holds the secret key and customers' data: keep it as you keep those", file=sys.stderr)


def restore(
    file: Annotated[Path, typer.Argument(help="an archive of `yiju backup`")],
    force: Annotated[bool, typer.Option("--force", help="replace what the store holds now")] = False,
) -> None:
    """Load a backup into this data dir and database, after checking all of it. Stop everything that serves first."""
    from bot import safekeeping

    settings = read_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings)
    loaded = safekeeping.restore(store.engine, settings.data_dir, file, force=force)
    store.close()
    print(
        f"restored {loaded.rows} rows of {len(loaded.tables)} tables and {len(loaded.files)} files of {loaded.made_at}; "
        f"every hash and the journal's chain ({loaded.journal}) hold"
    )


def migrate_to(
    address: Annotated[str, typer.Argument(help="postgresql://user@host/name, an empty database")],
) -> None:
    """Copy everything from the present database into an empty PostgreSQL database. Stop everything that serves first."""
    from sqlalchemy.exc import OperationalError

    from bot import safekeeping
    from bot.errors import InvalidInput
    from bot.store import Store

    settings = read_settings()
    if not address.startswith("postgresql://"):
        raise InvalidInput(f"{address!r}; expected postgresql://user@host/name")
    source, target = open_store(settings), Store(address)
    try:
        moved = safekeeping.migrate_to(source.engine, target.engine)
    except OperationalError as error:
        print(f"{address} does not answer ({error.orig}); check the address", file=sys.stderr)
        raise typer.Exit(1) from error
    finally:
        source.close()
        target.close()
    for name, content in sorted(moved.items()):
        if content.rows:
            print(f"{name}: {content.rows} rows, {content.digest[:16]}")
    print(f"all rows and the journal's chain hold; now set YIJU_DATABASE_URL={address}", file=sys.stderr)
