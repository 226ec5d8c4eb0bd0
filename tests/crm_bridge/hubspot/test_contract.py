"""The HubSpot adapter keeps the contract of all adapters, on a strict fake."""

from __future__ import annotations

from tests.contracts.remote_crm import RemoteContract


class TestHubSpot(RemoteContract):
    """Whatever a rep may have made."""
