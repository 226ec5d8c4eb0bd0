"""Two products side by side, from tables of every shape that the documents of the demo company have."""

from __future__ import annotations

import pytest

from bot.app import Parts
from bot.comparing import MOST_ROWS, comparison, lookups, models_compared
from bot.markdown_table import Table, blocks
from intents import Intent, Speaker
from knowledge import DocumentKind, Evidence
from tests.conftest import PEOPLE
from tests.fakes.evidence import a_turn, evidence


def table(text: str, title: str = "手册", **about: object) -> Evidence:
    return evidence(text, title, table=True, **about)  # type: ignore[arg-type]


X200 = table(
    "参数：噪声；数值：≤56 dB(A)\n参数：净重；数值：28 kg\n参数：电压；数值：220 V",
    heading="3.1 X200 技术参数",
)
X350 = table("参数：噪声；数值：≤60 dB(A)\n参数：净重；数值：128 kg\n参数：电压；数值：220 V", "手册二", heading="3.3 X350 技术参数")  # fmt: skip
PRICES = table(
    "型号：X200；名称：离心机；单价（元）：18800；10台起：17860\n型号：X350；名称：离心机；单价（元）：68000；10台起：64600",
    "价格表",
    kind=DocumentKind.PRICE,
)


@pytest.mark.parametrize(
    ("question", "models"),
    [
        ("X200 和 X350 差在哪", ("X200", "X350")),
        ("x200跟x350r有什么区别", ("X200", "X350R")),
        ("P60和P60H怎么选", ("P60", "P60H")),
        ("X200 vs BC-20", ("X200", "BC-20")),
        ("标准版与专业版对比一下", ("标准版", "专业版")),
        ("X200 和 X350 都多少钱", ()),
        ("X200 和别家差在哪", ()),
    ],
)
def test_a_comparison_is_told_from_other_questions(question: str, models: tuple[str, ...]) -> None:
    assert models_compared(question) == models


def test_each_product_is_looked_up_by_itself() -> None:
    assert {words.split()[0] for words in lookups("X200和X350的区别")} == {"X200", "X350"}
    assert lookups("X200多重") == ()


def test_what_differs_stands_side_by_side_and_what_is_equal_stands_last() -> None:
    told = comparison("X200和X350的区别", [X200, X350, PRICES]).splitlines()
    assert told == [
        "**X200、X350 对照**:3 项不同,1 项相同",
        "",
        "| 参数 | X200 | X350 |",
        "| --- | --- | --- |",
        "| 噪声 | ≤56 dB(A) | ≤60 dB(A) |",
        "| 净重 | 28 kg | 128 kg |",
        "| 单价（元） | 18800 | 68000 |",
        "",
        "相同:电压 220 V",
        "> 《手册》;《价格表》;《手册二》",
    ]


def test_only_what_the_question_names_is_shown() -> None:
    told = comparison("X200和X350噪声差多少", [X200, X350, PRICES])
    assert "噪声" in told
    assert "净重" not in told
    assert "价格表" not in told


def test_prices_by_quantity_are_shown_to_who_asks_for_prices() -> None:
    assert "10台起" not in comparison("X200和X350的区别", [X200, X350, PRICES])
    assert "64600" in comparison("X200和X350 10台起的价差别", [X200, X350, PRICES])


def test_columns_that_are_products_are_read_as_well() -> None:
    columns = table("序号：1；名称：转子；X200：1 号；X200R：2 号；X350：4 号")
    assert "| 转子 | 1 号 | 4 号 |" in comparison("X200和X350差在哪", [columns])


def test_three_products_share_a_table_and_what_is_not_told_of_one_is_a_dash() -> None:
    x500 = table(
        "参数：噪声；数值：≤66 dB(A)\n参数：电压；数值：380 V", "手册三", heading="3.4 X500 技术参数"
    )
    told = comparison("X200、X350和X500对比", [X200, X350, x500])
    assert "| 参数 | X200 | X350 | X500 |" in told
    assert "| 净重 | 28 kg | 128 kg | — |" in told
    assert "| 电压 | 220 V | 220 V | 380 V |" in told


def test_what_is_equal_where_it_is_told_stands_below_what_differs_and_counts_as_neither() -> None:
    x500 = table(
        "参数：噪声；数值：≤66 dB(A)\n参数：净重；数值：140 kg", "手册三", heading="3.4 X500 技术参数"
    )
    told = comparison("X200、X350和X500对比", [X200, X350, x500]).splitlines()
    assert told[0] == "**X200、X350、X500 对照**:2 项不同"
    assert [line for line in told if line.startswith("| ")][-1] == "| 电压 | 220 V | 220 V | — |"
    assert not any(line.startswith("相同") for line in told)


def test_how_much_was_left_out_is_said() -> None:
    def much(of: int) -> str:
        return "\n".join(f"参数：第{number}项；数值：{number + of}" for number in range(20))

    same = "\n".join(f"参数：同{number}；数值：1" for number in range(6))
    sides = [table(f"{much(of)}\n{same}", heading=f"X{of} 技术参数") for of in (200, 350)]
    told = comparison("X200和X350差在哪", sides)
    assert "20 项不同,6 项相同" in told
    assert told.count("\n| 第") == MOST_ROWS
    assert "另有 6 项没有列出" in told
    assert "相同:同0 1;同1 1;同2 1;同3 1 等 6 项" in told


def test_products_that_are_alike_have_no_table() -> None:
    told = comparison("X200和X350电压差别", [X200, X350])
    assert told.splitlines() == [
        "**X200、X350 对照**:查到的都相同",
        "相同:电压 220 V",
        "> 《手册》;《手册二》",
    ]


def test_a_cell_cannot_break_its_table() -> None:
    odd = table("参数：接口|口；数值：RS-485 | CAN", heading="X200 技术参数")
    plain = table("参数：接口|口；数值：RS-232", "手册二", heading="X350 技术参数")
    told = comparison("X200和X350差在哪", [odd, plain])
    (drawn,) = (one for one in blocks(told) if isinstance(one, Table))
    assert drawn.rows == (("接口|口", "RS-485 | CAN", "RS-232"),)


def test_a_product_that_no_table_knows_is_named() -> None:
    assert "没有Z900的参数" in comparison("X200和Z900差在哪", [X200, X350])
    three = comparison("X200、X350和Z900对比", [X200, X350])
    assert "没有找到参数:Z900" in three
    assert "≤60" in three


def test_old_values_and_one_customers_contract_are_not_compared() -> None:
    old = table("参数：噪声；数值：≤62 dB(A)", "旧手册", heading="X200 技术参数", superseded=True)
    contract = table(
        "型号：X200；折扣：12%\n型号：X350；折扣：8%", "合同", kind=DocumentKind.CONTRACT, customer="A-1"
    )
    told = comparison("X200和X350差在哪", [old, contract, X200, X350])
    assert "62" not in told
    assert "12%" not in told


def test_what_tables_do_not_tell_is_left_to_the_ordinary_answer() -> None:
    assert comparison("X200和X350差在哪", [evidence("X200 比 X350 轻。")]) == ""


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("X200 和 X350 差在哪", "| 最高转速 | 16500 r/min | 4500 r/min |"),
        ("X200和X350哪个便宜", "| 单价（元） 目录价 | 18800 | 68000 |"),
        ("P60和P60H有什么区别", "| 最高工作压力 | 20 bar | 100 bar |"),
        ("禾云标准版和专业版有什么不同", "| 数据保存 | 1 年 | 3 年 |"),
        ("X200和BC-20比怎么样", "| 噪声 | ≤56 dB(A) | ≤62 dB(A) |"),
    ],
)
async def test_a_reps_comparison_is_answered_from_both_products_own_tables(
    quiet_parts: Parts, question: str, line: str
) -> None:
    turn = a_turn(question, speaker=Speaker.REP, customer=None)
    told = await quiet_parts.copilot.answer(turn, Intent("ask_knowledge"), PEOPLE[1])
    assert line in told.splitlines()
    assert told.splitlines()[-1].startswith("> 《")
    assert "<" not in told
