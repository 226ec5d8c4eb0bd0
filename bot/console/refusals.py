"""What was refused, as a sentence that whoever works in the console can act on. Errors themselves speak English, for logs and terminals."""

from __future__ import annotations

import re

from bot.errors import CopilotError, MoveRefused, NewerVersion, NotAllowed, NotFound
from crm_bridge import CrmError, UnknownAccount
from intents import (
    CueUnknown,
    ExamplesUnusable,
    Fault,
    FileRefused,
    IntentsError,
    ModelUnknown,
    ModelUnusable,
    TranscriptUnusable,
)
from prompts import phrase

FAULTS = {
    Fault.TOO_MANY: "有 {found} 条,一个文件最多 50000 条;请拆成几个。",
    Fault.TOO_LARGE: "文件太大;请按月份拆开。",
    Fault.ENCODING: "文字编码不是 UTF-8 或 GB18030;请另存为 UTF-8。",
    Fault.OTHER_ENDING: "读不了“{found}”文件;请用 TXT、CSV、JSON 或 SRT。",
    Fault.OTHER_FORM: "不是所选的格式;请换一种格式,或从原来的工具重新导出。",
    Fault.NOT_JSON: "不是 JSON;请检查引号、逗号和括号。",
    Fault.NO_OBJECT: "应是一个 JSON 对象,里面有 text、intent 和 speaker。",
    Fault.NO_MESSAGES: "找不到消息列表;请导出成列表,每条有说话人和内容。",
    Fault.BROKEN_TABLE: "表格的列数对不上;含逗号的文字请加引号,或重新导出 CSV。",
    Fault.NO_COLUMN: "没有放文字的列;表头要有 text 或“内容”。",
    Fault.NO_LIST: "“{found}”一栏应是 JSON 列表,例如 []。",
    Fault.NO_TEXT: "没有文字;每条要有 text。",
    Fault.NOBODY_SPEAKS: "看不出谁在说话;每句前面或上面要有姓名和时间,也可以是“姓名: 内容”。",
    Fault.SPEAKER: "说话人写的是“{found}”,应为 customer(客户)或 rep(销售)。",
    Fault.INTENT: "“{found}”不是这种说话人的意图;名称见“图谱与意图”。",
    Fault.ENTITY: "实体“{found}”读不懂;要有 type、start 和 end。",
    Fault.ENTITY_TYPE: "没有“{found}”这种实体。",
    Fault.ELSEWHERE: "“{found}”不在标出的位置;请重新标。",
    Fault.OVERLAP: "“{found}”和另一个实体重叠了;请删掉一个。",
    Fault.NOT_WAITING: "这一条别人刚处理过。",
    Fault.NOT_OWN: "只能撤销自己标的。",
}
KINDS = (
    (MoveRefused, "这条决策刚刚已经有了结果;请刷新看看。"),
    (NewerVersion, "别人刚改过这条决策;请刷新后再试。"),
    (NotAllowed, "您没有权限做这件事;需要的话请找管理员。"),
    (FileRefused, "标注指南现在的内容有错;请先在“图谱与意图”里改好。"),
    (ModelUnknown, "没有这个模型,或者前面没有可以退回的。"),
    (ModelUnusable, "模型文件读不出来;请换一个模型,或重新训练。"),
    (ExamplesUnusable, "测试句文件读不出来;请检查 YIJU_LEARNING__CASES。"),
    (CueUnknown, "这个说法太短,或者已经不在说法库里。"),
    (UnknownAccount, "客户系统里没有这位客户了。"),
    (CrmError, "客户系统现在没有回答;请稍后再试,一直这样就请管理员看“连接”页。"),
    (TranscriptUnusable, "里面没有客户说的话;请填我们自己人在记录里的名字。"),
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"(?<![\w/.-])[a-z]+(?: [a-z]+){2,}")
"""A sentence for terminals that holds Chinese names (华东仁和 has no field …) is English all the same."""
_COMMAND = re.compile(r"yiju(?: [a-z][a-z-]*)+")


def in_chinese(error: Exception) -> str:
    """The error's own words where they are Chinese, otherwise what its kind means here."""
    if isinstance(error, IntentsError) and error.fault:
        place = f"第 {error.where} 行:" if error.where else ""
        return place + FAULTS[error.fault].format(found=error.found)
    if _CHINESE.search(str(error)) and not _ENGLISH.search(_COMMAND.sub("", str(error))):
        return str(error)
    if isinstance(error, NotFound):
        return phrase("page_gone")
    return next(
        (words for kind, words in KINDS if isinstance(error, kind)), "没有成功;请稍后再试,仍不行请找管理员。"
    )


REFUSALS = (CopilotError, CrmError, IntentsError)
