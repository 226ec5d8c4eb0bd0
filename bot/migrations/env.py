"""Runs migrations on the connection that `bot/schema.py` hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from bot.schema import metadata


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types as what they are in the database, so that history does not depend on our code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        plain = item.impl
        return f"sa.{plain!r}" if type(plain).__module__.startswith("sqlalchemy") else False
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    render_item=render,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
