"""Tryton 8.0, over its JSON-RPC. Run against a real server of that series, never imported (it is GPL)."""

from crm_bridge.adapters.tryton.rpc import TrytonRpc
from crm_bridge.adapters.tryton.system import TrytonSystem, connect

__all__ = ["TrytonRpc", "TrytonSystem", "connect"]
