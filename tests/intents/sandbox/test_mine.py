"""From an export to a trainer's verdict, in every form an export comes in; ten thousand turns in minutes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.intents import intents_app, open_registry
from intents import Classifier, TranscriptUnusable, shipped_examples
from intents.sandbox import Turn, read_transcript, turns
from intents.sandbox import mine as sandbox_mine
from intents.sandbox.cues import wilson_low

FORMS = {
    "wechat.txt": "周海峰 2026-11-25 10:00:12\n这台多少钱\n\n张三 2026-11-25 10:00:40\n您要几台\n",
    "qq.txt": "2026-11-25 10:00:12 周海峰(12345678)\n这台多少钱\n2026-11-25 10:00:40 张三<zs@example.com>\n您要几台\n",
    "dingtalk.txt": "周海峰(11-25 10:00):\n这台多少钱\n张三(11-25 10:01):\n您要几台\n",
    "inline.txt": "周海峰:这台多少钱\n张三:您要几台\n",
    "speech.txt": "[00:00:03] 周海峰:这台多少钱\n[00:00:09] 张三:您要几台\n",
    "call.srt": "1\n00:00:03,000 --> 00:00:05,000\n周海峰:这台多少钱\n\n2\n00:00:06,000 --> 00:00:08,000\n张三:您要几台\n",
    "table.csv": "时间,发送人,内容\n2026-11-25 10:00:12,周海峰,这台多少钱\n2026-11-25 10:01,张三,您要几台\n",
    "list.json": '{"messages": [{"from": "周海峰", "msgtype": "text", "msgtime": 1795572012000, "text": {"content": "这台多少钱"}}, {"from": "张三", "msgtype": "text", "text": {"content": "您要几台"}}]}',
    "speech.json": '{"segments": [{"speaker": "周海峰", "start": 3.0, "text": "这台多少钱"}, {"speaker": "张三", "start": 9, "text": "您要几台"}]}',
    "lines.jsonl": '{"speaker": "周海峰", "text": "这台多少钱"}\n{"speaker": "张三", "text": "您要几台"}\n',
}


@pytest.fixture(autouse=True)
def _own_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("YIJU_DATABASE_URL", raising=False)


def mine(*arguments: str) -> Result:
    return CliRunner().invoke(intents_app, ["mine", *arguments])


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_export_says_who_said_what(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FORMS[name], encoding="utf-8")
    lines = read_transcript(path, ours=["张三"])
    assert [(line.who, line.text) for line in lines] == [("周海峰", "这台多少钱"), ("张三", "您要几台")]
    assert [turn.text for turn in turns(lines)] == ["这台多少钱"]


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.txt", "没有人说话的一段文字", "a.txt:1"),
        ("a.csv", "甲,乙\n1,2\n", "a.csv:1"),
        ("a.csv", "speaker,text\n客户,要,三台\n", "a.csv:2"),
        ("a.jsonl", '{"text": "在吗"}\n{"text"\n', "a.jsonl:2"),
        ("a.json", "[1]", "message 1"),
        ("a.docx", "x", ".docx"),
    ],
)
def test_what_is_no_export_is_refused_by_file_and_line(
    name: str, content: str, place: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TranscriptUnusable) as refused:
        read_transcript(path)
    assert place in str(refused.value)


def test_a_folder_is_refused_as_one(tmp_path: Path) -> None:
    with pytest.raises(TranscriptUnusable, match="is a folder"):
        read_transcript(tmp_path)


def test_a_burst_is_one_turn_masked_and_after_what_was_said_before(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(
        "张三 2026-11-25 10:00:00\n周海峰您好\n周海峰 2026-11-25 10:00:12\n报个价\n周海峰 2026-11-25 10:00:20\n"
        "电话13800138000\n周海峰 2026-11-25 11:00:00\n[图片]\n",
        encoding="utf-8",
    )
    (turn,) = turns(read_transcript(path, ours=["张三"]))
    assert (turn.text, turn.context) == ("报个价 电话138****8000", ("周**您好",))


def test_a_colon_or_a_number_alone_in_a_timed_chat_is_something_said(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(
        "张三 2026-11-25 10:00:00\n您要几台\n周海峰 2026-11-25 10:00:12\n200\n"
        "周海峰 2026-11-25 10:05:00\n通知:下周盘点\n老板就问一句:能便宜吗\n",
        encoding="utf-8",
    )
    lines = read_transcript(path, ours=["张三"])
    assert [(line.who, line.text) for line in lines] == [
        ("张三", "您要几台"),
        ("周海峰", "200"),
        ("周海峰", "通知:下周盘点\n老板就问一句:能便宜吗"),
    ]
    assert [turn.text for turn in turns(lines)] == ["200", "通知:下周盘点 老板就问一句:能便宜吗"]


def test_wilsons_lower_bound_is_the_one_computed_by_hand() -> None:
    assert wilson_low(9, 10) == pytest.approx(0.5958, abs=1e-4)


def test_verdicts_of_a_review_file_teach_or_never_do_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    chat, review = tmp_path / "chat.jsonl", tmp_path / "review.jsonl"
    chat.write_text(
        "\n".join(
            json.dumps({"speaker": "客户", "text": text}) for text in ("报个价", "先看看", "发票开错了")
        )
    )
    assert mine(str(chat), "--out", str(review), "--queue").exit_code == 0
    assert open_registry().labels.waiting() == 3
    rows = [json.loads(line) for line in review.read_text().splitlines()]
    said = {row["text"]: row for row in rows if row["kind"] == "utterance"}
    said["报个价"]["verdict"], said["先看看"]["verdict"] = "accept", "reject"
    said["发票开错了"].update(verdict="relabel", intent="nonsense")
    review.write_text("\n".join(json.dumps(row) for row in rows))
    refused = mine(str(review), "--settle", "--as", "sunli")
    assert refused.exit_code == 1
    assert "review.jsonl:" in refused.stderr
    assert open_registry().labels.waiting() == 3
    said["发票开错了"]["intent"] = "complaint"
    review.write_text("\n".join(json.dumps(row) for row in rows))
    assert json.loads(mine(str(review), "--settle", "--as", "sunli").stdout) == {
        "accept": 1,
        "relabel": 1,
        "reject": 1,
        "cues": 0,
    }
    settled = {one.text: one.intent for one in open_registry().labels.settled()}
    assert settled == {"报个价": "quote_request", "发票开错了": "complaint"}


def test_who_waits_is_told_how_far_it_is_and_what_to_do_next(tmp_path: Path) -> None:
    chat, review = tmp_path / "chat.txt", tmp_path / "review.jsonl"
    chat.write_text(FORMS["wechat.txt"], encoding="utf-8")
    told = " ".join(mine(str(chat), "--out", str(review), "--ours", "张三").stderr.split())
    for step in ("masking what was said, from 1 of 2", "chat.txt: 2 lines by 2 people, 1 turns of customers",
                 "reading turns from 1 of 1", "clustering 1 turns", "labelled utterances", "--settle"):  # fmt: skip
        assert step in told
    assert "nobody is known to be ours" not in told
    told = " ".join(mine(str(chat), "--json").stderr.split())
    assert "nobody is known to be ours" in told
    assert "周海峰 (1), 张三 (1)" in told


def test_steps_are_told_every_so_many_turns(monkeypatch: pytest.MonkeyPatch, small: Classifier) -> None:
    monkeypatch.setattr("intents.sandbox.mining.TOLD_EVERY", 2)
    told: list[str] = []
    said = [Turn(text, (), f"chat:{at}") for at, text in enumerate(("报个价", "先看看", "发票开错了"))]
    sandbox_mine(said, small, [], told.append)
    assert told[:3] == ["reading turns from 1 of 3", "reading turns from 3 of 3", "clustering 3 turns"]


def test_a_review_file_is_refused_before_the_work_where_it_cannot_be_written_or_holds_verdicts(
    tmp_path: Path,
) -> None:
    chat, review = tmp_path / "chat.txt", tmp_path / "review.jsonl"
    chat.write_text(FORMS["wechat.txt"], encoding="utf-8")
    refused = mine(str(chat), "--out", str(tmp_path / "gone" / "review.jsonl"))
    assert refused.exit_code == 1
    assert "there is no folder" in " ".join(refused.stderr.split())
    assert "masking" not in refused.stderr
    assert mine(str(chat), "--out", str(review)).exit_code == 0
    assert mine(str(chat), "--out", str(review)).exit_code == 0  # nobody judged anything yet
    review.write_text(review.read_text(encoding="utf-8").replace('"verdict": ""', '"verdict": "accept"', 1))
    before = review.read_bytes()
    refused = mine(str(chat), "--out", str(review))
    assert refused.exit_code == 1
    assert "holds 1 verdicts" in " ".join(refused.stderr.split())
    assert review.read_bytes() == before


def test_a_bad_file_is_refused_before_a_good_one_is_worked(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(FORMS["wechat.txt"], encoding="utf-8")
    bad.write_text("没有人说话的一段文字", encoding="utf-8")
    refused = mine(str(good), str(bad))
    assert refused.exit_code == 1
    assert "bad.txt:1" in refused.stderr
    assert "masking" not in refused.stderr


def test_ten_thousand_turns_become_clusters_suggestions_and_cues(tmp_path: Path) -> None:
    texts = [one.text for one in shipped_examples() if one.speaker == "customer"]
    said = [f"{texts[at % len(texts)]}{'哈' * (at // len(texts))}" for at in range(10_000)]
    path = tmp_path / "long.jsonl"
    path.write_text(
        "\n".join(json.dumps({"speaker": f"客户{at}", "text": text}) for at, text in enumerate(said))
    )
    result = mine(str(path), "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = [row["kind"] for row in rows]
    assert kinds.count("utterance") == 200
    assert sum(row["turns"] for row in rows if row["kind"] == "cluster") >= 9_900
    assert all(row["name"] for row in rows if row["kind"] == "cluster")
    cues = [row for row in rows if row["kind"] == "cue"]
    assert cues
    assert all(row["support"] >= 5 and row["low"] >= 0.6 for row in cues)
