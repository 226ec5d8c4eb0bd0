"""Recognises words that try to command the machine instead of speaking to a person.

Nothing depends on it for safety: words, documents and CRM fields are data everywhere, and only a rep's confirmation
acts. It warns the rep, who may wonder why a customer writes so.
"""

from __future__ import annotations

import re

_ORDERS = re.compile(
    r"忽略(?:以上|之前|前面|上述|所有)[^,。,.]{0,8}(?:指令|提示|规则|要求|内容)"
    r"|(?:无视|绕过|跳过)[^,。,.]{0,8}(?:规则|限制|确认|审批|审核|检查)"
    r"|(?:你现在|从现在起|接下来你)(?:是|要扮演|扮演|必须)"
    r"|系统(?:提示词|提示|指令)|提示词|(?:输出|泄露|打印|告诉我)[^,。,.]{0,6}(?:提示词|系统指令|prompt)"
    r"|(?:直接|自动|立即|马上)[^,。,.]{0,6}(?:执行|确认|写入|提交|通过审批)(?:操作|动作|所有|全部|即可|吧|它|这个)"
    r"|不(?:需要|用|必)(?:人工)?确认|开发者模式|越狱|管理员模式|<\s*/?\s*(?:system|assistant|script|tool)"
    r"|ignore (?:all |any |the )?(?:previous|above|prior|earlier)|disregard (?:all|the|previous|your)|system prompt|jailbreak|developer mode"
    r"|you are now|act as (?:an?|the) |reveal (?:your|the)|do not (?:ask|wait) for confirm|auto-?confirm|\[/?inst\]|### ?(?:system|instruction)",
    re.IGNORECASE,
)


def find_order(text: str) -> str:
    """The words that read like an order to the system; empty where there are none."""
    found = _ORDERS.search(text)
    return found.group() if found else ""
