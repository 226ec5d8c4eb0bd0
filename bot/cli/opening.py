"""What verbs share: settings with readable errors, and parts whose data dir and schema are there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer
from pydantic import ValidationError

from bot.settings import Settings

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.channels import Channel
    from bot.store import Store


def read_settings() -> Settings:
    """Exits with one line for each setting that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        for one in error.errors():
            name = "YIJU_" + "__".join(str(part).upper() for part in one["loc"])
            print(
                f"{name}: {one['msg']}; found {one['input']!r}; `yiju settings` explains it", file=sys.stderr
            )
        raise typer.Exit(2) from error


def open_store(settings: Settings | None = None) -> Store:
    """The store with its schema up to date, or a later one's on which this program can work. Raises `ForeignSchema`."""
    from sqlalchemy.exc import ArgumentError, OperationalError

    from bot import schema
    from bot.errors import ForeignSchema
    from bot.store import Store

    settings = settings or read_settings()
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        store = Store(settings.database)
        if schema.migrate(store.engine):
            print(f"database prepared at revision {schema.head()}", file=sys.stderr)
    except ForeignSchema:
        store.close()
        raise
    except OSError as error:
        print(f"the data dir cannot be made or written ({error}); check YIJU_DATA_DIR", file=sys.stderr)
        raise typer.Exit(1) from error
    except ArgumentError as error:
        print(f"{error}; check YIJU_DATABASE_URL", file=sys.stderr)
        raise typer.Exit(1) from error
    except OperationalError as error:
        print(f"the database does not answer ({error.orig}); check YIJU_DATABASE_URL", file=sys.stderr)
        raise typer.Exit(1) from error
    return store


def open_parts(settings: Settings | None = None, channels: Mapping[str, Channel] | None = None) -> Parts:
    """All parts, prepared quietly where something is not there yet."""
    from bot.app import assemble
    from bot.logs import configure

    settings = settings or read_settings()
    configure(settings.log_format)
    open_store(settings).close()
    return assemble(settings, channels=channels)
