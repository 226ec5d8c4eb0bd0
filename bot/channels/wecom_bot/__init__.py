"""WeCom's AI bot (智能机器人): its callbacks in, answers and template cards out by the addresses that callbacks bring."""

from bot.channels.wecom_bot.addresses import Addresses
from bot.channels.wecom_bot.channel import WeComBot

__all__ = ["Addresses", "WeComBot"]
