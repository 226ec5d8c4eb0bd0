"""纷享销客 (Fxiaoke, ShareCRM) over its open API. Run against a fake only; facts from Fxiaoke's documentation."""

from crm_bridge.adapters.fxiaoke.api import FxiaokeApi
from crm_bridge.adapters.fxiaoke.rows import FxiaokeRows, connect

__all__ = ["FxiaokeApi", "FxiaokeRows", "connect"]
