"""Salesforce, over its REST API. Run against a fake only; field facts from Salesforce's public documentation.

Polling only: Change Data Capture and platform events come over Pub/Sub (gRPC with Avro), which is not HTTP. Events that a
relay forwards are read by `crm_bridge/events/maps/salesforce.yaml`.
"""

from crm_bridge.adapters.salesforce.api import SalesforceApi
from crm_bridge.adapters.salesforce.system import SalesforceSystem, connect

__all__ = ["SalesforceApi", "SalesforceSystem", "connect"]
