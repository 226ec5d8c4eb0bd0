"""A record that the customer system says has changed: looked at, and made into the event that a poll would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from bot.channels import Hinted
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.events.intake import Intake
from bot.events.polled import event_of, tiers_of
from bot.tables import DeliveryRow
from crm_bridge.feed import Change, Hint


@dataclass(frozen=True)
class Hints:
    """Works `Hinted` deliveries. The poll finds the same change and makes the same event, which counts once."""

    desk: Desk
    intake: Intake

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        """Raises `CrmUnavailable` (tried again later)."""
        hint = outcome_of(rows[0])
        assert isinstance(hint, Hinted)
        change, system = await self._look(hint), self.desk.copilot.crm.name
        changes = [change] if change else []
        tiers = await self.desk.store.read(lambda session: tiers_of(session, changes))
        events = [event for one in changes if (event := event_of(system, one, tiers))]

        def finish(session: Session) -> None:
            self.desk.finish(session, [rows[0]])

        await self.intake.accept(events, finish)

    async def _look(self, hint: Hinted) -> Change | None:
        """None: gone before it could be looked at, of which another hint or the sweep tells; or nobody can be asked."""
        crm: Any = self.desk.copilot.crm
        if not hasattr(crm, "changed"):
            return None
        if hint.deleted:
            gone: Change = crm.taken_away(Hint(hint.key, hint.kind, hint.record, hint.at, True))
            return gone
        found: Change | None = await crm.changed(hint.kind, hint.record)
        return found
