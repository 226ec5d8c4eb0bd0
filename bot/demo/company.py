"""The demo company's files as values: who works there, its customers, its documents. Facts: `world.yaml`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from bot.conversation import UserId
from bot.people import Person, Role

DEMO = Path(__file__).parent


@dataclass(frozen=True)
class DemoDocument:
    """A document to be taken into the library. `customer` is the full account name; empty: for everybody."""

    path: Path
    kind: str
    title: str
    version: str
    customer: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: str
    kind: str
    title: str
    version: str
    customer: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


def world() -> dict[str, Any]:
    """The facts that documents, price lists and CRM agree on."""
    found: dict[str, Any] = _yaml("world.yaml")
    return found


def accounts() -> list[dict[str, Any]]:
    """Entries for `crm_bridge.adapters.embedded.seed.load`."""
    found: list[dict[str, Any]] = _yaml("accounts.yaml")
    return found


def people() -> list[Person]:
    """Managers before their reps, so that each can be added in turn. Ids are those of both platforms."""
    with (DEMO / "people.csv").open(encoding="utf-8", newline="") as file:
        return [_person(row) for row in csv.DictReader(file)]


def documents() -> list[DemoDocument]:
    """Raises `pydantic.ValidationError` where `documents.yaml` does not fit."""
    return [_document(_Entry.model_validate(entry)) for entry in _yaml("documents.yaml")]


def _document(entry: _Entry) -> DemoDocument:
    values = entry.model_dump()
    return DemoDocument(path=DEMO / "documents" / values.pop("file"), **values)


def _person(row: dict[str, str]) -> Person:
    return Person(
        id=UserId(row["wecom"]),
        name=row["name"],
        role=Role(row["role"]),
        manager=UserId(row["manager"]) if row["manager"] else None,
        wecom=row["wecom"],
        dingtalk=row["dingtalk"],
    )


def _yaml(name: str) -> Any:
    return yaml.load((DEMO / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
