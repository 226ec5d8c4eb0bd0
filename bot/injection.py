"""Recognises words that try to command the machine instead of speaking to a person.

Nothing depends on it for safety: words, documents and CRM fields are data everywhere, and only a rep's confirmation
acts. It warns the rep, who may wonder why a customer writes so.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NEAR = r"[^,，。.;；!！?？\n]"
_ORDERS = re.compile(
    "|".join(
        (
            # forget what you were told
            rf"(?:忽略|无视|忘掉|忘记|抛开){_NEAR}{{0,4}}(?:以上|之前|前面|上述|所有|一切|你的){_NEAR}{{0,8}}(?:指令|提示词|规则|要求|设定|限制|内容)",
            r"(?:安全|系统)(?:规则|限制)已?经?被?(?:解除|取消|关闭)|新的指令|优先(?:级高)?于(?:公司|一切|所有|合同)",
            r"(?:ignore|disregard|forget|override) (?:all |any |the )*(?:previous|above|prior|earlier|your|price|system)(?! (?:e?mail|message|order|quot))",
            # be somebody else
            r"(?:你现在|从现在起你?|接下来你)(?:是(?!在|不是|机器人|真人|谁|哪)|要扮演|扮演|必须|可以不)",
            r"管理员模式|开发者模式|越狱|提升(?:为|到)(?:经理|管理员)|you are now|act as an? (?:unrestricted|admin|system|different)|developer mode|jailbreak",
            r"我是你们?的?(?:老板|领导|主人|开发者)",
            # show what you are made of, or whose data you hold
            rf"提示词|(?:输出|泄露|打印|显示|重复){_NEAR}{{0,12}}(?:系统指令|prompt|上面的内容|全部客户|客户名单)|重复上面的内容",
            r"system prompt|reveal your|repeat everything above|导出全部客户|所有客户的|(?:别家|其他|别的)(?:公司|客户)的?(?:合同|价格|报价)",
            # do it without asking
            rf"(?:绕过|跳过|无视){_NEAR}{{0,4}}(?:确认|审批|审核|规则)|(?:不需要|不用|不必|无需|无须|不经)(?:人工)?(?:确认|核实|审批)",
            rf"(?:直接|自动|立即|马上){_NEAR}{{0,6}}(?:执行|确认|写入|提交|通过)(?:所有|全部|这张|卡片|操作|审批|订单|吧$)|(?<!能)自动确认",
            r"do not (?:ask|wait) for confirm|without asking|auto-?confirm|(?:confirm|approve) (?:all|every)|照着做",
            # not written for people
            r"系统(?:提示词|提示[:： ]\s*(?:该|直接|自动)|指令[:：])|AI ?助手|人工智能阅读|执行命令|assistant\s*:|assistant must",
            r"<\s*/?\s*(?:system|assistant|script|tool)|\[/?(?:inst|system)\]|### ?(?:system|instruction)|\{\{.*\}\}|\{%",
            r"onerror\s*=|javascript:|(?:drop|delete|truncate) (?:table|from)|\.\.(?:/|%2f)|\"confirmed\"\s*:|^=\w+\(|base64\s*:",
        )
    ),
    re.IGNORECASE,
)


@lru_cache(maxsize=2048)  # the same passages and fields come with card after card
def find_order(text: str) -> str:
    """The words that read like an order to the system; empty where there are none."""
    found = _ORDERS.search(_visible(text))
    return found.group() if found else ""


def _visible(text: str) -> str:
    """Without the characters that nobody sees, which hide words from a search."""
    return "".join(one for one in text if unicodedata.category(one) != "Cf")
