"""`yiju crm`: is the customer system there, and what does it say of a customer."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from bot.cli.opening import open_parts
from bot.errors import InvalidInput, NotFound
from crm_bridge import Account, AccountName, CrmAdapter, NameIndex, accounts_named

crm_app = typer.Typer(no_args_is_help=True, help="The customer system.")
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]


@crm_app.command()
def check() -> None:
    """Whether the customer system answers."""
    parts = open_parts(channels={})
    count = len(asyncio.run(parts.crm.directory()))
    print(f"{parts.crm.name}: {count} customers")


@crm_app.command()
def show(
    customer: Annotated[str, typer.Argument(help="name, short name, alias or account id")],
    as_json: Json = False,
) -> None:
    """A customer's fields with where and when each came from, and the open records."""
    parts = open_parts(channels={})
    account = asyncio.run(_account(parts.crm, customer))
    if as_json:
        from pydantic import TypeAdapter

        print(json.dumps(TypeAdapter(Account).dump_python(account, mode="json"), ensure_ascii=False))
        return
    print(f"{account.name} ({account.id}), owner {account.owner}")
    for field in account.fields:
        print(
            f"  {field.label}: {field.shown}  ({field.lineage.system} {field.lineage.object}, {field.lineage.at:%Y-%m-%d})"
        )
    for record in account.records:
        print(f"  {record.kind} {record.id} {record.title}")


async def _account(crm: CrmAdapter, customer: str) -> Account:
    named = find(await crm.directory(), customer)
    return await crm.account(named.id)


def find(directory: tuple[AccountName, ...], customer: str) -> AccountName:
    """Raises `NotFound`, or `InvalidInput` where several fit."""
    found = accounts_named(directory, customer)
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(
            f"{customer!r} fits {', '.join(one.name for one in found)}; give the full name or the id"
        )
    near = ", ".join(one.name for one in NameIndex(directory).suggest(customer))
    raise NotFound(f"the CRM knows no customer {customer!r}" + (f"; did you mean {near}?" if near else ""))
