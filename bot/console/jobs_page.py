"""What the clock does: when each job ran, how it went, when it runs next."""

from __future__ import annotations

from nicegui import ui

from bot.console import listing
from bot.console.frame import Console, as_said, empty, framed, opens, panel, tag, tell
from bot.jobs import JobStatus

PATH = "/jobs"
JOBS = {
    "measure": "量队列",
    "warm": "预热令牌",
    "renew": "续租约",
    "expire": "过期卡片",
    "renewals": "快到期的合同",
    "inbox": "监视文件夹",
    "retention": "到期删除",
    "propose_labels": "收集纠正",
    "retrain_when_due": "重新训练",
    "watch_when_due": "漂移监测",
    "release_held": "放行暂缓的事件",
    "sweep": "对账",
    "watch_signals": "意向与风险信号",
    "poll_changes": "轮询变更",
    "sum_up_weeks": "每周小结",
    "watch_quality": "数据质量监测",
    "pose_questions": "为资料写问题",
    "follow_encoder": "随编码器选权重",
}
"""How people call what they know by its method's name."""


def add(console: Console) -> None:
    @opens(PATH)
    async def jobs() -> None:
        with framed(console, PATH, "作业"), panel():
            known = console.parts.jobs.status()
            if not known:
                empty("这个进程不运行作业;看运行 scheduler 角色的那一个。")
            for job in known:
                _job(console, job)


def _job(console: Console, job: JobStatus) -> None:
    async def run() -> None:
        person = await console.acting(PATH)
        await console.write(lambda session: console.note(session, person, "JobStarted", job.name))
        await console.parts.jobs.run_now(job.name)
        ui.navigate.reload()

    with (
        ui.row()
        .classes("items-center")
        .style("gap:10px;width:100%;padding:6px 0;border-top:1px solid var(--line)")
    ):
        ui.label(JOBS.get(job.name, job.name)).style("font-weight:600;min-width:150px")
        if job.error:
            tag("上次失败", "bad")
            as_said(job.error)
        elif job.last:
            tag("上次正常", "good")
        ui.label(
            f"上次 {listing.at(job.last) if job.last else '还没有'} · 下次 {listing.at(job.next) if job.next else '—'}"
        ).classes("quiet")
        ui.button("现在运行", on_click=lambda: tell(run())).props("flat dense no-caps").style(
            "margin-left:auto"
        )
