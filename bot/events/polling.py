"""What the clock does for events: held ones whose time has come, changes of the customer system, and the sweep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.events.intake import Intake
from bot.events.polled import Polling
from bot.events.sweep import Sweep
from bot.jobs import Every
from bot.settings import EventsSettings
from crm_bridge import CrmAdapter

RELEASE_EVERY_S = 30


def event_jobs(settings: EventsSettings, intake: Intake, crm: CrmAdapter) -> Sequence[Every]:
    jobs = [
        Every(RELEASE_EVERY_S, intake.release_held),
        Every(settings.sweep_every_s, Sweep(intake, crm).sweep),
    ]
    feed: Any = crm
    if hasattr(feed, "changes"):
        polling = Polling(intake, crm.name, feed, timedelta(seconds=settings.poll_every_s))
        jobs.append(Every(settings.poll_every_s, polling.poll_changes))
    return jobs
