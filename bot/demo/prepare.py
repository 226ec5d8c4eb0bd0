"""Fills an installation with the demo company: people, customers, prices, documents. Twice is the same as once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable

from bot import people
from bot.app import Parts
from bot.console.passwords import generate, set_password
from bot.demo import company
from bot.tables import PasswordRow
from crm_bridge.adapters.embedded import load
from knowledge import AddOutcome
from knowledge.company_files import FileKind


def prepare(parts: Parts, say: Callable[[str], None]) -> None:
    """Add what is not there yet; `say` gets a line of progress for every step."""
    _people_and_customers(parts, say)
    prices = parts.settings.data_dir / "catalog.yaml"
    if not prices.exists():
        shutil.copyfile(company.DEMO / "world.yaml", prices)
        say("prices written")
    _documents(parts, say)
    _passwords(parts, say)
    say(f"intent model {parts.registry.serving().hash[:12]} ready")


def _people_and_customers(parts: Parts, say: Callable[[str], None]) -> None:
    with parts.store.begin() as session:
        known = {person.id for person in people.everyone(session)}
        new = [person for person in company.people() if person.id not in known]
        for person in new:
            people.add(session, person)
        customers = load(session, company.accounts(), parts.clock().date())
    say(f"{len(new)} people and {customers} customers added")


def _passwords(parts: Parts, say: Callable[[str], None]) -> None:
    """One password for all demo people, made once and kept beside the data: they are made up, and so is their company."""
    path = parts.settings.data_dir / "demo_password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(generate(), encoding="utf-8")
    password = path.read_text(encoding="utf-8")
    with parts.store.begin() as session:
        for person in company.people():
            if session.get(PasswordRow, person.id) is None:
                set_password(session, person.id, password, parts.clock())
    say(f"console password of all demo people: {password}")


def _documents(parts: Parts, say: Callable[[str], None]) -> None:
    files = parts.library.files
    if not files.latest(FileKind.INDUSTRY):
        text = (company.DEMO / "industry.yaml").read_text(encoding="utf-8")
        files.save(FileKind.INDUSTRY, text, "demo", why="the demo company's", follows=0)
    ids = {account.name: account.id for account in asyncio.run(parts.crm.directory())}
    documents = company.documents()
    for number, one in enumerate(documents, 1):
        added = parts.library.add(
            one.path,
            kind=one.kind,
            title=one.title,
            version=one.version,
            customer=ids[one.customer] if one.customer else None,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
        )
        if added.outcome is AddOutcome.REFUSED:
            raise RuntimeError(f"demo document {one.path.name} was refused: {added.detail}")
        say(
            f"document {number}/{len(documents)} {added.outcome}: 《{added.title}》 {added.passages} passages"
        )
