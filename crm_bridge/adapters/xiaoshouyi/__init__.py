"""销售易 (Xiaoshouyi, NeoCRM) over its REST API and XOQL. Run against a fake only; facts from its documentation."""

from crm_bridge.adapters.xiaoshouyi.api import XiaoshouyiApi
from crm_bridge.adapters.xiaoshouyi.rows import XiaoshouyiRows, connect

__all__ = ["XiaoshouyiApi", "XiaoshouyiRows", "connect"]
