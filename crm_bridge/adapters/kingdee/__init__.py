"""金蝶云星空 (Kingdee Cloud Galaxy) over its WebAPI. Run against a fake only; facts from Kingdee's documentation."""

from crm_bridge.adapters.kingdee.api import KingdeeApi
from crm_bridge.adapters.kingdee.rows import KingdeeRows, connect

__all__ = ["KingdeeApi", "KingdeeRows", "connect"]
