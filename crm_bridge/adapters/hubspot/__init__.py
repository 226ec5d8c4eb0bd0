"""HubSpot, over its CRM API, and its webhooks. Run against a fake only; field facts from HubSpot's public documentation."""

from crm_bridge.adapters.hubspot.api import HubSpotApi
from crm_bridge.adapters.hubspot.system import HubSpotSystem, connect

__all__ = ["HubSpotApi", "HubSpotSystem", "connect"]
