"""A real small CRM in our own store, for companies that have none and for trying the product."""

from crm_bridge.adapters.embedded.adapter import EmbeddedCrm
from crm_bridge.adapters.embedded.seed import SeedUnusable, load

__all__ = ["EmbeddedCrm", "SeedUnusable", "load"]
