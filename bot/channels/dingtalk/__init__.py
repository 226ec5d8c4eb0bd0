"""DingTalk (钉钉): robot messages and card taps by HTTP or Stream, interactive cards, words, calendar.

`DingTalk` is the channel; `DingTalk.stream` (or `Stream` alone) runs the connection of Stream mode.
"""

from bot.channels.dingtalk.channel import NO_REPLY, DingTalk, card_answer
from bot.channels.dingtalk.stream import Stream

__all__ = ["NO_REPLY", "DingTalk", "Stream", "card_answer"]
