"""Odoo, over JSON-2 (from 19) or `execute_kw` (18 and before). Run against a fake only; facts from Odoo's documentation."""

from crm_bridge.adapters.odoo.rpc import OdooRpc
from crm_bridge.adapters.odoo.system import OdooSystem, connect

__all__ = ["OdooRpc", "OdooSystem", "connect"]
