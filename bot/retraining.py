"""The scheduled retraining: in a process of its own, one at a time; only a model that proves better is promoted.

`python -m bot.retraining` is that process: what to do comes as JSON on stdin (a database's address holds a password, and
arguments are for everybody to see), the verdict goes as JSON to stdout.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import orjson
import structlog
from sqlmodel import Session

from bot import journal
from bot.card import Notice
from bot.encoders import for_intents
from bot.errors import InvalidInput
from bot.leases import Leases
from bot.outbox import Outbox
from bot.people import Role
from bot.settings import Settings
from bot.store import Store, open_engine
from bot.telling import notify, tell
from intents import IntentsError, Outcome, Registry, Taxonomy, Verdict, read_examples, read_file, retrain
from prompts import phrase

log = structlog.get_logger()
BY, SUBJECT, LEASE = "clock", "intents:retraining", "job:retraining"
LONGEST_S = 1800
SHIPPED_CASES = Path(__file__).resolve().parent.parent / "eval" / "cases" / "intents" / "test.jsonl"
"""The frozen test set, beside the packages: its file is read, the harness above us is not imported."""
DEV_CASES = SHIPPED_CASES.with_name("dev.jsonl")
"""What changes are tried on; the frozen set would wear out."""
OPENS = {Role.TRAINER: "models", Role.MANAGER: "board"}
"""Who gets the verdict, and the page that its card opens: managers have no page of models."""
Trial = Callable[[], Awaitable[Verdict]]


class TrialFailed(Exception):
    """The training process came to no verdict; the message is the last thing it said."""


@dataclass(frozen=True)
class Retraining:
    """Looks whether a retraining is due and does it."""

    store: Store
    registry: Registry
    outbox: Outbox
    leases: Leases
    clock: Callable[[], datetime]
    trial: Trial
    new_labels: int
    every: timedelta
    public_url: str = ""

    async def retrain_when_due(self) -> Verdict | None:
        """The verdict, or None where nothing was due, another process is at it, or the training failed."""
        if not await self.store.write(lambda session: self.leases.take(session, LEASE, self.clock())):
            return None
        try:
            return await self._retrain() if await self.is_due() else None
        finally:
            await self.store.write(lambda session: self.leases.release(session, LEASE))

    async def is_due(self) -> bool:
        """Enough new labels, or some and the last trial (at first: the oldest of them) is long ago."""
        last = await self.store.read(last_trial)
        count, first = await asyncio.to_thread(self.registry.labels.settled_since, last)
        since = last or first
        late = since is not None and self.clock() - since >= self.every
        return count >= self.new_labels or (count > 0 and late)

    async def _retrain(self) -> Verdict | None:
        began = self.clock()
        log.info("retraining_began")
        try:
            verdict = await self.trial()
        except TrialFailed as failed:
            why = str(failed)
            log.error("retraining_failed", reason=why)
            await self.store.write(lambda session: self._record_failure(session, began, why))
            return None
        if verdict.promotes:
            await asyncio.to_thread(self.registry.promote, verdict.challenger, by=BY, why=verdict.why)
        await self.store.write(lambda session: self._record(session, began, verdict))
        log.info("retraining_judged", outcome=verdict.outcome.value, why=verdict.why)
        return verdict

    def _record(self, session: Session, began: datetime, verdict: Verdict) -> None:
        body = {"began": began.isoformat(), **verdict.as_json()}
        what = "ModelPromoted" if verdict.promotes else "ModelKept"
        journal.append(session, who=BY, what=what, subject=SUBJECT, at=self.clock(), body=body)
        taxonomy, key = self.registry.taxonomy(), f"retraining:{began.isoformat()}"
        for role, page in OPENS.items():
            notice = judged(verdict, taxonomy, self.public_url, page)
            notify(session, self.outbox, (role,), notice, key, self.clock())

    def _record_failure(self, session: Session, began: datetime, why: str) -> None:
        """Written down as a trial, so that the same failure does not repeat every few minutes."""
        body = {"began": began.isoformat(), "why": why}
        journal.append(session, who=BY, what="RetrainingFailed", subject=SUBJECT, at=self.clock(), body=body)
        words, key = phrase("retrain_failed", why=why), f"retraining:{began.isoformat()}"
        tell(session, self.outbox, (Role.TRAINER, Role.ADMIN), words, key, self.clock())


def last_trial(session: Session) -> datetime | None:
    """When the last retraining began: labels settled since are new."""
    line = journal.latest(session, SUBJECT)
    return datetime.fromisoformat(orjson.loads(line.body)["began"]) if line else None


def judged(verdict: Verdict, taxonomy: Taxonomy, public_url: str, page: str) -> Notice:
    """The verdict as a card for trainers and managers: which model serves now, and why."""
    overall = verdict.overall
    because = phrase("retrain_better") if verdict.promotes else _because(verdict, taxonomy)
    values = {
        "why": because,
        "learned": phrase("retrain_labels", count=verdict.learned),
        "frozen": f"{verdict.frozen.before}→{verdict.frozen.after}/{verdict.frozen.cases}",
        "recent": f"{verdict.recent.before}→{verdict.recent.after}/{verdict.recent.cases}",
        "changed": phrase("retrain_sides", mended=overall.mended, broken=overall.broken),
    }
    kind = "promoted" if verdict.promotes else "kept"
    return Notice(
        title=phrase(f"retrain_{kind}"),
        subtitle=phrase(f"retrain_subtitle_{kind}"),
        figure=f"{overall.before}→{overall.after}/{overall.cases}",
        figure_name=phrase("retrain_right"),
        rows=tuple((phrase(f"retrain_row_{name}"), value) for name, value in values.items()),
        button=phrase(f"retrain_open_{page}"),
        url=f"{public_url.rstrip('/')}/console/{page}",
    )


def _because(verdict: Verdict, taxonomy: Taxonomy) -> str:
    if verdict.outcome is Outcome.INTENT_WORSE:
        return phrase("retrain_intent_worse", intents="、".join(map(taxonomy.label, verdict.worse)))
    return phrase(f"retrain_{verdict.outcome.value}")


def in_process(settings: Settings, examples: Path | None = None) -> Trial:
    """Train and compare in a process of its own, at low priority, so that no turn waits for it.

    `examples`: a file of labelled utterances to train on in place of the shipped ones.
    """
    cases = settings.learning.cases or str(SHIPPED_CASES)
    asked = {"database": settings.database, "data_dir": str(settings.data_dir), "cases": cases}
    asked |= {"encoder": settings.encoder_of_intents}
    asked |= {"examples": str(examples)} if examples else {}

    async def trial() -> Verdict:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.retraining", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        log.info("retraining_process", pid=process.pid)
        try:
            async with asyncio.timeout(LONGEST_S):
                out, said = await process.communicate(json.dumps(asked).encode())
        except TimeoutError as late:
            raise TrialFailed(f"no verdict within {LONGEST_S} s") from late
        finally:
            if process.returncode is None:  # too late, or this process is going down
                process.kill()
                await process.wait()
        if process.returncode and process.returncode < 0:
            raise TrialFailed(f"stopped by signal {-process.returncode}")
        if process.returncode:
            raise TrialFailed((said.decode(errors="replace").strip().splitlines() or ["no word"])[-1])
        return Verdict.of_json(json.loads(out))

    return trial


def main() -> None:
    """Train on what the store holds and judge. An expected refusal is a line on stderr and exit code 1."""
    os.nice(10)
    asked = json.load(sys.stdin)
    engine = open_engine(asked["database"])
    try:
        cases = read_file(Path(asked["cases"]))
        examples = read_examples([Path(asked["examples"])]) if "examples" in asked else None
        encoder = partial(for_intents, asked["encoder"])
        registry = Registry(engine, Path(asked["data_dir"]), encoder=encoder)
        verdict = retrain(registry, cases, by=BY, examples=examples)
    except (IntentsError, InvalidInput, OSError) as error:
        sys.exit(str(error))
    finally:
        engine.dispose()
    sys.stdout.write(json.dumps(verdict.as_json()))


if __name__ == "__main__":
    main()
