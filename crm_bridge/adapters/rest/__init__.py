"""Any system with an HTTP interface, described wholly by its mapping file: docs/crm.md has every key."""

from crm_bridge.adapters.rest.endpoints import Endpoint, Paging, RestOptions
from crm_bridge.adapters.rest.system import RestSystem, connect

__all__ = ["Endpoint", "Paging", "RestOptions", "RestSystem", "connect"]
