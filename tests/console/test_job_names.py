"""What 作业 shows is Chinese: no job of the product stands there under its method's name."""

from __future__ import annotations

from bot.app import Parts
from bot.console.jobs_page import JOBS
from bot.events.polled import Polling
from bot.posing import Posing
from bot.roles import EVERYTHING


def test_every_job_has_a_name_that_people_read(parts: Parts) -> None:
    parts.jobs.schedule(EVERYTHING)
    known = {job.name for job in parts.jobs.status()}
    assert {"expire", "sum_up_weeks", "watch_quality"} <= known
    where_set = {"inbox", Posing.pose_questions.__name__, Polling.poll_changes.__name__}
    assert (known | where_set) - set(JOBS) == set()
