"""Whatever is refused in the console is refused in Chinese, and says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import errors
from bot.console.refusals import FAULTS, REFUSALS, in_chinese
from bot.errors import CopilotError, MoveRefused, NewerVersion, NotFound
from bot.settings import Settings, describe
from crm_bridge import CrmUnavailable, UnknownAccount
from intents import Fault, IntentsError, LabelUnknown, TranscriptUnusable, sandbox
from intents import errors as of_intents
from intents.exchange import read
from prompts import finding_names, finding_words, phrase, setting_meanings
from tests.console.english import sentences


def test_english_is_told_from_names_commands_and_settings() -> None:
    assert sentences("请运行 yiju knowledge rebuild,见 Label Studio 和 YIJU_CRM__ADAPTER") == []
    assert sentences("还缺 the app is disabled") == ["the app is disabled"]


def every(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for kind in base.__subclasses__():
        yield from every(kind)


def made(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    Exception.__init__(error, "the thing is not there any more; look again")
    error.fault = None  # type: ignore[attr-defined]
    return error


KINDS = [
    kind
    for base, module in ((CopilotError, errors), (IntentsError, of_intents))
    for kind in every(base)
    if kind.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_refusal_has_chinese_words(kind: type[Exception]) -> None:
    told = in_chinese(made(kind))
    assert told.endswith("。")
    assert sentences(told) == []


def test_words_that_are_chinese_already_are_kept() -> None:
    assert in_chinese(NotFound("它已经不在这里了。")) == "它已经不在这里了。"
    assert "已经有了结果" in in_chinese(MoveRefused("d1", "confirmed", "declined"))
    assert "刷新" in in_chinese(NewerVersion("d1", 3))


def test_english_about_somebody_with_a_chinese_name_is_english_all_the_same() -> None:
    told = in_chinese(NotFound("华东仁和 has no field 等级; there are: tier 客户等级"))
    assert (told, sentences(told)) == (phrase("page_gone"), [])
    kept = "先运行 yiju knowledge rebuild,再打开《Manual of X200》。"
    assert in_chinese(NotFound(kept)) == kept


def test_a_customer_system_that_is_asleep_is_a_sentence_not_a_dead_button() -> None:
    assert isinstance(CrmUnavailable("no answer in 5 s"), REFUSALS)
    assert "没有回答" in in_chinese(CrmUnavailable("no answer in 5 s"))
    assert "没有这位客户" in in_chinese(UnknownAccount("no account ACC-9"))


def test_every_fault_of_a_file_has_words() -> None:
    assert set(FAULTS) == set(Fault)
    assert all(sentences(words) == [] for words in FAULTS.values())


BROKEN_LABELS = {
    "jsonl": ("{", "第 1 行:不是 JSON"),
    "csv": ("a,b\n1,2\n", "没有放文字的列"),
    "label-studio": ("[1]", "不是所选的格式"),
    "doccano": ("[1]", "应是一个 JSON 对象"),
}


@pytest.mark.parametrize("form", BROKEN_LABELS)
def test_a_broken_file_of_labels_is_told_with_its_line(form: str) -> None:
    text, told = BROKEN_LABELS[form]
    with pytest.raises(LabelUnknown) as refused:
        read(text, form)
    assert told in in_chinese(refused.value)
    assert sentences(in_chinese(refused.value)) == []


ROWS = [
    ({"text": " "}, "第 2 行:没有文字"),
    ({"text": "好的", "speaker": "boss"}, "说话人写的是“boss”"),
    ({"text": "好的", "intent": "nothing"}, "“nothing”不是"),
    ({"text": "好的", "entities": ["x"]}, "实体“x”读不懂"),
    ({"text": "要X200", "entities": [{"type": "colour", "start": 1, "end": 5}]}, "第 2 行:没有“colour”"),
    (
        {"text": "要X200", "entities": [{"type": "product", "start": 0, "end": 3}, {"type": "spec", "start": 1, "end": 4}]},
        "第 2 行:“X20”和另一个实体重叠",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "told"), ROWS, ids=[told for _, told in ROWS])
def test_a_wrong_label_is_told_with_its_line(row: dict[str, object], told: str) -> None:
    good = json.dumps({"text": "多少钱", "intent": "quote_request"}, ensure_ascii=False)
    with pytest.raises(LabelUnknown) as refused:
        read(f"{good}\n{json.dumps(row, ensure_ascii=False)}", "jsonl")
    assert told in in_chinese(refused.value)


TRANSCRIPTS = {
    "a.pdf": (b"x", "读不了“.pdf”文件"),
    "a.txt": ("没有人说话".encode(), "看不出谁在说话"),
    "b.txt": (b"\xff\x00\x81", "文字编码"),
    "a.csv": ("姓名,时间\n张三,1\n".encode(), "没有放文字的列"),
    "b.csv": ("姓名,内容\n张三,1,2,3\n".encode(), "第 2 行:表格的列数"),
    "a.json": (b"{", "第 1 行:不是 JSON"),
    "b.json": (b'{"a": 1}', "找不到消息列表"),
    "c.json": (b'[{"who": "x"}]', "第 1 行:没有文字"),
    "d.json": (b"[1]", "第 1 行:应是一个 JSON 对象"),
    "a.jsonl": ('{"text": "好"}\n['.encode(), "第 2 行:不是 JSON"),
}


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_transcript_that_cannot_be_read_is_told_why(name: str, tmp_path: Path) -> None:
    content, told = TRANSCRIPTS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TranscriptUnusable) as refused:
        sandbox.read_transcript(tmp_path / name)
    assert told in in_chinese(refused.value)
    assert sentences(in_chinese(refused.value)) == []


VALUES = {
    name: "x"
    for name in (
        "dialect", "schema", "found", "expected", "lines", "line", "people", "reps", "lost", "waiting", "done", "dead",
        "documents", "passages", "index", "model", "examples", "missing", "system", "names", "url",
        "dense", "questions", "fewest",
    )
}  # fmt: skip


@pytest.mark.parametrize("name", finding_names())
def test_every_finding_says_the_same_in_both_languages(name: str) -> None:
    from string import Formatter

    from prompts.findings import _findings

    both = _findings()[name]
    fields = {
        language: {field for _, field, _, _ in Formatter().parse(both[language]) if field}
        for language in ("en", "zh")
    }
    assert fields["en"] == fields["zh"]
    told = finding_words(name, "zh", {one: VALUES[one] for one in fields["zh"]})
    assert sentences(told) == []


def test_every_setting_says_in_chinese_what_it_is_for() -> None:
    lines = describe(Settings(_env_file=None))
    assert set(setting_meanings()) == {line.variable for line in lines}, "prompts/settings.yaml"
    assert {name: sentences(words) for name, words in setting_meanings().items() if sentences(words)} == {}
