"""WeCom (企业微信): callbacks of a self-built app in, messages and template cards out."""

from bot.channels.wecom.channel import WeCom
from bot.channels.wecom.pace import Limits

__all__ = ["Limits", "WeCom"]
