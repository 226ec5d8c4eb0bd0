"""`yiju crm quality`: the quality board in the terminal."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer

from bot.cli.opening import open_parts
from bot.signals.alarms import told


def quality(as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout")] = False) -> None:
    """How late, empty, contradictory or broken each source and field is; exit code 1 where a bound is broken."""
    parts = open_parts(channels={})
    found = asyncio.run(_board(parts))
    if as_json:
        told_in = found.as_json()
        for part, lines in (("source", "sources"), ("field", "fields"), ("breach", "breaches")):
            for line in told_in[lines]:
                print(json.dumps({"part": part, **line}, ensure_ascii=False, default=str))
    else:
        for source in found.sources:
            late = "-" if source.latency_p95_s is None else f"{source.latency_p95_s:g} s"
            print(
                f"{source.source}: {source.events} events, p95 {late}, {source.dead_letters} dead letters, "
                f"{source.conflicts} conflicts, last {source.last_event:%Y-%m-%d %H:%M}"
            )
        empty = [one for one in found.fields if one.null_rate]
        for field in sorted(empty, key=lambda one: -one.null_rate)[:20]:
            print(f"  {field.source} {field.field}: {field.null_rate:.0%} of {field.values} empty")
        for field in (one for one in found.fields if one.violations):
            print(f"  {field.source} {field.field}: {field.violations} times outside the data contract")
        print(f"{len(found.breaches)} bounds broken")
        for breach in found.breaches:
            print(told(breach))
    if found.breaches:
        raise typer.Exit(1)


async def _board(parts: Any) -> Any:
    try:
        return await parts.quality.board()
    finally:
        if close := getattr(parts.crm, "close", None):
            await close()
