"""A product page as a web site serves it: navigation, content, side bar, footer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from markupsafe import escape

from bot.demo.printing.pieces import Grid, Heading, Item, Piece, Words

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: "PingFang SC", "Microsoft YaHei", sans-serif; margin: 0; color: #1f2933; line-height: 1.7 }}
nav, footer {{ background: #14503c; color: #fff; padding: 12px 5% }}
nav a, footer a {{ color: #d5f2e3; margin-right: 20px; text-decoration: none }}
main {{ max-width: 860px; margin: 24px auto; padding: 0 16px }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border: 1px solid #cbd2d9; padding: 6px 10px; text-align: left }}
aside {{ max-width: 860px; margin: 0 auto; padding: 16px; background: #eef6f2 }}
</style>
</head>
<body>
<header><nav><a href="/">首页</a><a href="/products">产品</a><a href="/pricing">价格</a><a href="/cases">案例</a>
<a href="/help">帮助中心</a><a href="/login">登录</a></nav></header>
<main>
{content}
</main>
<aside><h3>相关阅读</h3><ul><li><a href="/help/gateway">采集网关怎么装</a></li><li><a href="/help/sso">单点登录设置</a></li></ul></aside>
<footer><a href="/about">关于我们</a><a href="/privacy">隐私政策</a><a href="/terms">服务条款</a><p>本页内容以合同为准</p></footer>
<script>window.pageLoaded = true;</script>
</body>
</html>
"""


def write(pieces: Sequence[Piece], title: str, path: Path) -> None:
    """Headings keep their level, list items stand in lists."""
    content = []
    for listed, group in groupby(pieces, key=lambda piece: isinstance(piece, Item)):
        lines = "\n".join(_piece(piece) for piece in group)
        content.append(f"<ul>\n{lines}\n</ul>" if listed else lines)
    path.write_text(_PAGE.format(title=escape(title), content="\n".join(content)), encoding="utf-8")


def _piece(piece: Piece) -> str:
    match piece:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Words(text):
            return f"<p>{escape(text)}</p>"
        case Item(text):
            return f"<li>{escape(text)}</li>"
        case Grid(rows):
            head, body = _row(rows[0], "th"), "\n".join(_row(cells, "td") for cells in rows[1:])
            return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
