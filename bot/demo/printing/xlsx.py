"""The price list as a workbook: four sheets, headers merged over two rows as sales offices make them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

_THIN = Side(style="thin", color="BFBFBF")
_HEAD = PatternFill("solid", fgColor="DCEFE5")


def write_prices(facts: Mapping[str, Any], path: Path) -> None:
    """Sheets 硬件, 软件, 折扣, 服务. Prices by quantity are worked out from list price and discount."""
    book = Workbook()
    book.properties.title, book.properties.creator = "产品与服务价格表", ""
    hardware = book.active
    assert isinstance(hardware, Worksheet)
    hardware.title = "硬件"
    _hardware(hardware, facts)
    _software(book.create_sheet("软件"), facts)
    _discounts(book.create_sheet("折扣"), facts)
    _services(book.create_sheet("服务"), facts)
    for sheet in book.worksheets:
        _dress(sheet)
    book.save(path)


def _hardware(sheet: Worksheet, facts: Mapping[str, Any]) -> None:
    steps = facts["discounts"][1:]
    prices = ["目录价", *(f"{step['from_quantity']}台起" for step in steps)]
    _title(sheet, "硬件价格（2026 版，元/台，含 13% 增值税、运费、安装调试）", 5 + len(prices))
    sheet.append(
        ["型号", "名称", "单价（元）", *[None] * (len(prices) - 1), "交货期（天）", "质保（月）", "备注"]
    )
    sheet.append([None, None, *prices, None, None, None])
    for column in (1, 2, 3 + len(prices), 4 + len(prices), 5 + len(prices)):
        sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)
    sheet.merge_cells(start_row=2, end_row=2, start_column=3, end_column=2 + len(prices))
    for one in facts["hardware"]:
        staged = [_whole(one["list_price"] * (100 - step["percent"]) / 100) for step in steps]
        remark = "按只计价" if one["model"] == "S12" else "随机含标配转子" if "capacity" in one else None
        sheet.append(
            [
                one["model"],
                one["line"],
                one["list_price"],
                *staged,
                one["lead_days"],
                one["warranty_months"],
                remark,
            ]
        )


def _software(sheet: Worksheet, facts: Mapping[str, Any]) -> None:
    _title(sheet, "软件价格（2026 版，含 6% 增值税；不适用数量折扣）", 6)
    sheet.append(["产品", "名称", "单价（元）", "计价单位", "可用性承诺", "起订"])
    least = {"禾云标准版": "3 个账号", "禾云专业版": "10 个账号"}
    for one in facts["software"]:
        sheet.append(
            [one["model"], one["line"], one["list_price"], one["unit"], one["sla"], least[one["model"]]]
        )
    sheet.append(["采集网关", "协议采集网关（32 台设备）", 1500, "台", None, "1 台"])


def _discounts(sheet: Worksheet, facts: Mapping[str, Any]) -> None:
    _title(sheet, "硬件数量折扣（按一次订单的硬件总数，可合并不同型号）", 4)
    sheet.append(["一次订单数量", "折扣", "X200 折后单价（元）", "审批"])
    for step in facts["discounts"]:
        price = _whole(facts["p"]["X200"]["list_price"] * (100 - step["percent"]) / 100)
        sheet.append([f"{step['from_quantity']} 台起", step["percent"] / 100, price, "销售代表可直接报"])
        sheet.cell(sheet.max_row, 2).number_format = "0%"
    sheet.append(["任何数量", "超出上表", "另行批准", "须销售经理书面批准"])


def _services(sheet: Worksheet, facts: Mapping[str, Any]) -> None:
    _title(sheet, "服务与备件价格（2026 版，元，含税）", 4)
    sheet.append(["服务项目", "单位", "价格（元）", "说明"])
    for one in facts["services"]:
        sheet.append([one["name"], one["unit"], one["price"], one["remark"]])
    sheet.append([])
    sheet.append(["备件", "单位", "价格（元）"])
    for one in facts["spares"]:
        sheet.append([one["name"], one["unit"], one["price"]])


def _title(sheet: Worksheet, words: str, columns: int) -> None:
    sheet.append([words])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=columns)
    sheet.cell(1, 1).font = Font(bold=True, size=13)


def _dress(sheet: Worksheet) -> None:
    sheet.freeze_panes = "A3"
    for line in sheet.iter_rows(min_row=2):
        for cell in line:
            cell.border = Border(_THIN, _THIN, _THIN, _THIN)
            cell.alignment = Alignment(vertical="center", wrap_text=True)
    for head in sheet.iter_rows(min_row=2, max_row=3 if sheet.title == "硬件" else 2):
        for cell in head:
            cell.fill, cell.font = _HEAD, Font(bold=True)
    for column in range(1, sheet.max_column + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 24 if column in {1, 2} else 15


def _whole(price: float) -> float | int:
    """16544 rather than 16544.0; 625.6 stays."""
    return int(price) if price == int(price) else round(price, 2)
