"""What is wrong with an edited taxonomy or graph, in a trainer's words: the line, what was found, what is expected."""

from __future__ import annotations

from intents import Flaw, Problem

SYNTAX = {
    "mapping values are not allowed": "多了一个冒号,或者上一行没有缩进好;文字里有冒号时请加引号",
    "could not find expected ':'": "少了冒号",
    "cannot start any token": "有不能用的字符,例如用制表符缩进;请改成空格",
    "expected ',' or ']'": "列表没有写完,少了逗号或 ]",
    "expected ',' or '}'": "大括号没有写完,少了逗号或 }",
    "expected <block end>": "缩进不对,或者少了引号、逗号",
    "found unexpected end of stream": "引号或括号没有写完",
    "expected the node content": "列表或括号没有写完",
    "another document": "一个文件里只能有一份内容,请去掉 ---",
    "character": "有不可见的控制字符,请删掉",
}
"""Beginnings of what the YAML parser says → what a trainer should look for."""
FOUND = {
    Flaw.TOO_LONG: "全文 {found} 个字,最多 {expected}。",
    Flaw.ALIAS: "用了引用“{found}”,这里不支持 & 和 *;请把内容写全。",
    Flaw.REPEATED: "“{found}”重复了,第 {expected} 行已有;请合并或改名。",
    Flaw.UNKNOWN_KEY: "不认识“{found}”,应为 {expected}。",
    Flaw.MISSING_KEY: "少了“{found}”,请补上。",
    Flaw.NO_MAPPING: "写的是“{found}”,这里应为“名称: 内容”的若干行。",
    Flaw.NO_LIST: "写的是“{found}”,这里应为列表,例如 [甲, 乙]。",
    Flaw.NO_TEXT: "写的是“{found}”,这里应为文字;要写 no、on 这样的词,请加引号。",
    Flaw.EMPTY: "是空的,请填写或删掉。",
    Flaw.NOT_ALLOWED: "写的是“{found}”,应为 {expected}。",
    Flaw.UNKNOWN_INTENT: "“{found}”不是意图,应为上面 intents 里的名称。",
    Flaw.INTENT_GONE: "少了意图“{found}”:模型或已有标注还在用,不能删除;可以改它的 label。",
    Flaw.OTHER_SPEAKER: "说话人写的是“{found}”,应为 {expected}:模型是按它训练的。",
}
MOST_NAMED = 12


def in_words(problem: Problem) -> str:
    """One mistake as a sentence."""
    named = problem.place and problem.flaw is not Flaw.SYNTAX  # there it holds the parser's own words
    place = f" · {problem.place}" if named else ""
    return f"第 {problem.line} 行{place}:{_sentence(problem)}"


def _sentence(problem: Problem) -> str:
    if problem.flaw is Flaw.SYNTAX:
        return _syntax(problem)
    expected = "、".join(problem.expected[:MOST_NAMED])
    return FOUND[problem.flaw].format(found=problem.found or "(空)", expected=expected)


def _syntax(problem: Problem) -> str:
    hint = next((words for said, words in SYNTAX.items() if said in problem.place), "写法不对")
    found = f"写的是“{problem.found}”," if problem.found else ""
    return f"{found}YAML 读不懂:{hint}。"
