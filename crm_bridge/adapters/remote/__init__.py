"""What all systems behind a network share: reading by mapping, writes that happen once, copies for when it sleeps."""

from crm_bridge.adapters.remote.adapter import RemoteCrm
from crm_bridge.adapters.remote.flat import FlatSystem, Where
from crm_bridge.adapters.remote.plans import Change, Create, plan_of
from crm_bridge.adapters.remote.polling import Polled, RemoteFeed, feed_of
from crm_bridge.adapters.remote.receipts import Receipts
from crm_bridge.adapters.remote.sheets import (
    MOST_ROWS,
    Lacking,
    by_account,
    cleared,
    mistyped,
    same,
    sheet_of,
    spelled,
    strange_choices,
    the_one,
)
from crm_bridge.adapters.remote.steps import Steps, Stepwise
from crm_bridge.adapters.remote.system import Lack, RemoteSystem, lacks_of, refused

__all__ = [
    "MOST_ROWS",
    "Change",
    "Create",
    "FlatSystem",
    "Lack",
    "Lacking",
    "Polled",
    "Receipts",
    "RemoteCrm",
    "RemoteFeed",
    "RemoteSystem",
    "Steps",
    "Stepwise",
    "Where",
    "by_account",
    "cleared",
    "feed_of",
    "lacks_of",
    "mistyped",
    "plan_of",
    "refused",
    "same",
    "sheet_of",
    "spelled",
    "strange_choices",
    "the_one",
]
