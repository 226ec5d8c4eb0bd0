"""Troubles other than kills: stores, buses, platforms and customer systems that go away, full disks,
jumping clocks, cut networks, updates, gateways."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..crash_run import CrashReport
from ..processes import PATIENCE
from .crm import crm_dies_in_a_write
from .gateways import gateway_dies
from .neighbours import chroma_goes_away, platform_misbehaves
from .partition import network_is_cut
from .rolling import rolling_update
from .stores import nats_restarts, postgres_restarts
from .surroundings import clock_jumps, disk_full


class Fault(Protocol):
    """A trouble that comes `times` times in an installation of its own in `folder`. Raises `NotStarted`."""

    async def __call__(
        self, folder: Path, seed: int, times: int, patience: float = PATIENCE
    ) -> CrashReport: ...


FAULTS: Mapping[str, Fault] = {
    "postgres": postgres_restarts,
    "nats": nats_restarts,
    "disk": disk_full,
    "clock": clock_jumps,
    "platform": platform_misbehaves,
    "chroma": chroma_goes_away,
    "crm": crm_dies_in_a_write,
    "partition": network_is_cut,
    "rolling": rolling_update,
    "gateways": gateway_dies,
}

__all__ = ["FAULTS", "Fault"]
