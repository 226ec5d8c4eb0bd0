"""What the journal's lines are called by people, and who wrote those that nobody caused."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from bot import people

WORDS = {
    "DecisionProposed": "提出", "DecisionConfirmed": "确认", "DecisionCorrected": "修正后确认", "DecisionRetried": "重试",
    "DecisionDeclined": "驳回", "DecisionExpired": "过期", "DecisionSuperseded": "被取代", "IntentCorrected": "改了意图",
    "DecisionCarriedOut": "执行完成", "DecisionFailed": "执行失败", "UndoConfirmed": "撤销", "DecisionUndone": "撤销完成",
    "ActionCarriedOut": "操作完成", "ActionFailed": "操作失败", "ActionUndone": "操作已撤销", "DraftImproved": "草稿改写",
    "DraftPlaced": "放进聊天框", "DecisionHandedOver": "转交", "DecisionCommented": "留言", "DecisionsExported": "导出决策",
    "ContactLinked": "认了联系人", "WordsForgotten": "删除原话",
    "LabelSettled": "标注定稿", "LabelMarked": "标了第二遍", "LabelReopened": "撤销标注", "LabelDropped": "标注作废",
    "LabelFlagged": "标注留给同事", "LabelUnflagged": "收回标注的疑问", "DisputeSettled": "裁定分歧",
    "LabelsExported": "导出标注", "LabelsImported": "导入标注", "TranscriptQueued": "聊天记录进队列",
    "CueAccepted": "采用说法", "CueRefused": "不要说法", "CueRemoved": "停用说法",
    "ModelTrained": "训练模型", "ModelPromoted": "启用模型", "ModelKept": "保留原模型", "ModelRolledBack": "退回模型",
    "RetrainingFailed": "重新训练失败", "DriftWatched": "漂移监测", "CompanyFileSaved": "改了规则", "CompanyFileRestored": "退回规则",
    "DocumentAdded": "收录资料", "DocumentEdited": "编辑资料", "DocumentDownloaded": "下载资料", "DocumentRemoved": "删除资料",
    "ThingAccepted": "接受名称", "ThingRejected": "拒绝名称", "SayingAdded": "添加说法", "SayingRemoved": "删除说法",
    "GapSettled": "了结问题", "DeadLetterReplayed": "重新处理", "EventReplayed": "重新处理事件", "JobStarted": "运行作业",
    "UserChanged": "改了人员", "PasswordSet": "设密码", "ApiKeyAdded": "新建密钥", "ApiKeyRevoked": "作废密钥",
    "ConsoleSignedIn": "登录控制台", "ConsoleSignedOut": "退出控制台", "ConsoleSignInRefused": "登录被拒",
}  # fmt: skip
"""A line's `what` → how it is called."""
NOBODY = {"copilot": "机器人", "clock": "定时作业"}


def names(session: Session, who: Iterable[str]) -> dict[str, str]:
    """How those who wrote lines are called, by id."""
    return NOBODY | people.names(session, who)
