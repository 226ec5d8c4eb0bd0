"""Words as messages: the kind that every client shows, within the limit, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom.fit import size
from bot.channels.wecom.wording import LONGEST, messages
from bot.markdown_table import Table


@pytest.mark.parametrize(
    "words", ["好的，已记下。", "报价 12,160 元（含税）", "3 > 2, 5 * 4 * 3, a_b_c", "#标签 不是标题"]
)
def test_plain_words_go_out_as_text(words: str) -> None:
    assert messages(words) == [("text", words)]


@pytest.mark.parametrize(
    "words",
    [
        "**要报价**",
        "## 标题",
        "> 客户说",
        "见 [价目表](https://h.example/p)",
        "编号 `Q-7`",
        '<font color="info">好</font>',
    ],
)
def test_words_with_marks_that_wecom_shows_go_out_as_markdown(words: str) -> None:
    assert messages(words) == [("markdown", words)]


def test_marks_that_wecom_does_not_know_are_put_plainly() -> None:
    words = "**清单**\n- 一\n* 二\n![图](https://h.example/a.png)\n```sql\nselect 1\n```"
    assert messages(words) == [("markdown", "**清单**\n· 一\n· 二\n[图](https://h.example/a.png)\nselect 1")]


def test_a_table_which_wecom_does_not_show_goes_out_as_a_line_for_each_row() -> None:
    table = Table(("参数", "X200", "X350"), (("转速", "300 rpm", "350 rpm"),))
    told = messages(f"**对照**\n\n{table}\n\n> 《手册》")
    assert told == [("markdown", "**对照**\n· 转速:X200 300 rpm;X350 350 rpm\n> 《手册》")]


def test_a_table_that_no_message_holds_is_parted_between_rows() -> None:
    rows = tuple((f"参数{number}", "甲" * 40, "乙" * 40) for number in range(14))
    told = messages(f"**对照**\n\n{Table(('参数', 'X200', 'X350'), rows)}\n\n> 《手册》")
    lines = [line for message in told for line in message.content.split("\n")[1:]]
    assert len(told) > 1
    assert all(size(message.content) <= LONGEST for message in told)
    assert [line for line in lines if line.startswith("·")] == list(
        Table(("参数", "X200", "X350"), rows).lines
    )


def test_an_anchor_in_somebodys_words_does_not_become_a_link() -> None:
    assert (
        messages('点 <a href="http://evil.example">这里</a>')[0].content
        == '点 ＜a href="http://evil.example">这里＜/a>'
    )


def test_words_of_several_messages_are_numbered_and_broken_between_lines() -> None:
    lines = [f"{number:03d} " + "字" * 60 for number in range(30)]
    sent = messages("\n".join(lines))
    assert [message.content.split("\n")[0] for message in sent] == ["(1/3)", "(2/3)", "(3/3)"]
    assert [line for message in sent for line in message.content.split("\n")[1:]] == lines


def test_nothing_is_sent_for_no_words() -> None:
    assert messages(" \n ") == []


@given(st.text(st.characters(codec="utf-8"), max_size=3000) | st.text("价格 \n", max_size=4000))
def test_any_words_go_out_within_the_limit(words: str) -> None:
    for message in messages(words):
        assert 0 < size(message.content) <= LONGEST
        assert message.content.strip()


@given(st.text("价格x", min_size=700, max_size=4000))
def test_words_without_a_line_break_arrive_whole(words: str) -> None:
    sent = messages(words)
    assert (
        "".join(message.content.partition("\n")[2] if len(sent) > 1 else message.content for message in sent)
        == words
    )
