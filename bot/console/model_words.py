"""What stands on a model's card and in its history, in a trainer's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.console import listing
from intents import ModelInfo, Taxonomy, Verdict
from intents.materials import MATERIALS
from intents.retraining import KEPT_APART

NOBODY = {"": "系统", "clock": "定时任务"}
SAID = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"reading (\d+) examples", "读 {0} 条例句"),
        (r"fitting what a customer says", "学客户怎么说"),
        (r"fitting what a rep says", "学销售怎么说"),
        (r"cross-validating (\d+)/(\d+)", "交叉验证 {0}/{1}"),
        (r"encoding (\d+) utterances", "编码 {0} 句"),
        (r"calibrating on (\d+) utterances", "用 {0} 句校准"),
    )
)
"""Lines of a training process → what they mean here."""
_MATERIALS = {
    "cues": "话术线索",
    "graph": "行业图谱",
    "homophones": "同音词",
    "slips": "错别字",
    "outside": "外行话",
}


def history(one: ModelInfo, names: Mapping[str, str]) -> str:
    """When and by whom it was trained, and why it went live; the clock's reasons are figures on the card."""
    names = {**names, **NOBODY}
    trained = f"{listing.at(one.created_at)} · {names.get(one.trained_by, one.trained_by)}"
    if one.promoted_at is None:
        return trained
    promoted = (
        f"{trained} · {listing.at(one.promoted_at)} 由 {names.get(one.promoted_by, one.promoted_by)} 上线"
    )
    return promoted if one.promoted_by in NOBODY or not one.why else f"{promoted}:{one.why}"


def card_lines(one: ModelInfo, taxonomy: Taxonomy) -> list[tuple[str, str]]:
    """What a model learned and what was measured on it, in a trainer's words; what it does not say is left out."""
    card = one.card
    until = one.learned_until
    counted = "、".join(
        f"{taxonomy.label(name)} {count}" for name, count in (card.get("by_intent") or {}).items()
    )
    held, right = card.get("held_out"), card.get("held_out_accuracy")
    encoder = card.get("encoder") or {}
    lines = {
        "编号": one.id,
        "例句": f"{card.get('examples', 0)} 条,其中本公司标注 {card.get('corrections', 0)} 条",
        "数据哈希": card.get("data", ""),
        "其他材料哈希": "、".join(
            f"{_MATERIALS[name]} {found}"
            for name, found in (card.get(MATERIALS) or {}).items()
            if name in _MATERIALS and found
        ),
        "学到哪天的标注": listing.at(until) if until else "",
        "没学过的校准句": f"{held} 句,读对 {right:.1%}" if held and right is not None else "",
        "校准数据哈希": card.get("calibrated_on", ""),
        "避开的测试集哈希": card.get(KEPT_APART, ""),
        "预训练编码器": encoder.get("fingerprint", ""),
        "各意图例句": counted,
    }
    return [(name, str(value)) for name, value in lines.items() if value]


def weak_lines(found: dict[str, Any], taxonomy: Taxonomy) -> list[str]:
    """Known weaknesses as a trainer reads them."""

    def counted(rows: list[dict[str, Any]], named: Any = str) -> str:
        return "、".join(f"{named(row['name'])} {row['right']}/{row['of']}" for row in rows) or "没有"

    confused = (
        f"{taxonomy.label(one['wanted'])} → {taxonomy.label(one['read'])} {one['count']} 句"
        for one in found["confusions"]
    )
    return [
        f"在没有学过的开发集 {found['cases']} 句上读对 {found['right']} 句",
        f"最常漏读(读对/实际):{counted(found['recall'], taxonomy.label)}",
        f"最常误报(读对/读作):{counted(found['precision'], taxonomy.label)}",
        f"最常混淆:{'、'.join(confused) or '没有'}",
        f"低于总体的行业:{counted(found['industries'])}",
        f"低于总体的标签:{counted(found['tags'])}",
    ]


def judged_on(verdict: Verdict) -> str:
    """What the figures rest on, and what would go live."""
    return (
        f"评判依据:固定测试集 {verdict.frozen.cases} 句,两个模型都没有学过的近期定稿标注 {verdict.recent.cases} 句;"
        f"与学过的标注近似的不算。新模型学了 {verdict.learned} 条定稿标注,上线的就是比较过的这一个;"
        "它没学的标注上线后照样立即生效(记忆层),下次训练再学。"
    )


def in_words(line: str) -> str:
    """A line of a training process as a trainer reads it; one that nobody foresaw stays as it is."""
    for pattern, words in SAID:
        if found := pattern.match(line):
            return words.format(*found.groups())
    return line
