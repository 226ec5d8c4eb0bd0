"""`yiju crm`: is the customer system there, and what does it say of a customer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import people
from bot.cli.contracts import contracts_app
from bot.cli.dead_letters import dead_letters_app
from bot.cli.opening import open_parts
from bot.cli.quality import quality
from bot.errors import InvalidInput, NotFound
from bot.lineage import as_lines, chain, field_of
from crm_bridge import Account, AccountName, CrmAdapter, NameIndex, accounts_named

if TYPE_CHECKING:
    from crm_bridge.adapters.remote import Lack

crm_app = typer.Typer(no_args_is_help=True, help="The customer system.")
crm_app.add_typer(dead_letters_app, name="dead-letters")
crm_app.add_typer(contracts_app, name="contracts")
crm_app.command("quality")(quality)
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]


@crm_app.command()
def check(as_json: Json = False) -> None:
    """Whether the customer system answers and has every field that the mapping names; exit code 1 where it lacks some.

    The rest keeps working: what is listed here is what cards will not show or actions cannot write.
    """
    parts = open_parts(channels={})
    count, lacks = asyncio.run(_checked(parts.crm))
    if as_json:
        plain = {"system": parts.crm.name, "customers": count, "lacks": [asdict(one) for one in lacks]}
        print(json.dumps(plain, ensure_ascii=False))
    else:
        print(f"{parts.crm.name}: {count} customers, {len(lacks)} of the mapping's entries missing")
        for one in lacks:
            print(f"  {one.kind}: {one.object}{'.' if one.field else ''}{one.field}: {one.why}")
    if lacks:
        raise typer.Exit(1)


@crm_app.command()
def sync(as_json: Json = False) -> None:
    """Read every customer's names and owner again now, for recognising them in chats; says what changed."""
    parts = open_parts(channels={})
    before, now = asyncio.run(_synced(parts.crm))
    changed = [one for one in now.values() if before.get(one.id) != one]
    gone = [one for one in before.values() if one.id not in now]
    if as_json:
        for one in (*changed, *gone):
            state = "gone" if one.id not in now else "changed" if one.id in before else "new"
            plain = {"id": one.id, "name": one.name, "owner": one.owner, "state": state}
            print(json.dumps(plain, ensure_ascii=False))
        return
    print(f"{parts.crm.name}: {len(now)} customers, {len(changed)} new or changed, {len(gone)} gone")
    if unowned := [one.name for one in now.values() if not one.owner]:
        words = "、".join(unowned[:5])
        print(
            f"  {len(unowned)} without an owner we know ({words}); reps do not see them: `owners` in the mapping"
        )


async def _checked(crm: CrmAdapter) -> tuple[int, Sequence[Lack]]:
    look: Any = getattr(crm, "sync", None) or crm.directory
    count = len(await look())
    ask = getattr(crm, "check", None)
    found: Sequence[Lack] = await ask() if ask else ()
    await _close(crm)
    return count, found


async def _synced(crm: CrmAdapter) -> tuple[dict[str, AccountName], dict[str, AccountName]]:
    look: Any = getattr(crm, "sync", None) or crm.directory
    remembers: Any = getattr(crm, "remembered", None) or crm.directory
    before = {str(one.id): one for one in await remembers()}
    now = {str(one.id): one for one in await look()}
    await _close(crm)
    return before, now


async def _close(crm: CrmAdapter) -> None:
    if close := getattr(crm, "close", None):
        await close()


@crm_app.command()
def show(
    customer: Annotated[str, typer.Argument(help="name, short name, alias or account id")],
    as_json: Json = False,
) -> None:
    """A customer's fields with where and when each came from, and the open records."""
    parts = open_parts(channels={})
    account = parts.copilot.policy.visible(asyncio.run(_account(parts.crm, customer)), "admin", "export")
    if as_json:
        from pydantic import TypeAdapter

        print(json.dumps(TypeAdapter(Account).dump_python(account, mode="json"), ensure_ascii=False))
        return
    with parts.store.look() as session:
        owner = people.name_of(session, account.owner)
    print(f"{account.name} ({account.id}), owner {owner}")
    for field in account.fields:
        print(
            f"  {field.label}: {field.shown}  ({field.lineage.system} {field.lineage.object}, {field.lineage.at:%Y-%m-%d})"
        )
    for record in account.records:
        print(f"  {record.kind} {record.id} {record.title}")


@crm_app.command()
def lineage(
    customer: Annotated[str, typer.Argument(help="name, short name, alias or account id")],
    field: Annotated[str, typer.Argument(help="tier, or its label: 客户等级")],
    as_json: Json = False,
) -> None:
    """Every value a customer's field had, the latest first: when, by which system, from where, under which contract."""
    parts = open_parts(channels={})
    account = asyncio.run(_account(parts.crm, customer))
    with parts.store.look() as session:
        told = chain(session, account, field_of(account, field))
    for line in map(_json, told) if as_json else as_lines(told):
        print(line)


def _json(plain: dict[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False)


async def _account(crm: CrmAdapter, customer: str) -> Account:
    try:
        named = find(await crm.directory(), customer)
        return await crm.account(named.id)
    finally:
        await _close(crm)


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
