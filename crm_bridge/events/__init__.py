"""Events of other systems: read, understood, kept once, applied in order of their own time."""

from crm_bridge.events.envelope import BATCH, STRUCTURED, read, split
from crm_bridge.events.ledger import apply, bury, release, replay, revive, subject_of, take
from crm_bridge.events.maps import OURS, TYPES, EventMap, MapUnusable, load_maps, system_of, translate
from crm_bridge.events.model import ChangeEvent, EventState, EventUnreadable, Incoming, Taken

__all__ = [
    "BATCH",
    "OURS",
    "STRUCTURED",
    "TYPES",
    "ChangeEvent",
    "EventMap",
    "EventState",
    "EventUnreadable",
    "Incoming",
    "MapUnusable",
    "Taken",
    "apply",
    "bury",
    "load_maps",
    "read",
    "release",
    "replay",
    "revive",
    "split",
    "subject_of",
    "system_of",
    "take",
    "translate",
]
