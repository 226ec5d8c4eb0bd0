"""What mining a long transcript takes: `python -m eval.bench.mine [--turns 10000] [--keep FOLDER]`.

A chat export as WeCom writes it is made of authored utterances (the shipped examples), a customer for some six turns with our
answers between, and names, telephones and addresses sprinkled into every fifth turn. Then `yiju intents mine` works it in a process and a data dir
of its own; its processor time means the same on a busy machine. At last the review file is searched for what was sprinkled in.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from intents import shipped_examples

OURS = "林晓"
ANSWERS = ("好的,我看一下", "稍等,马上回您", "收到", "我问一下同事再答复您", "您方便说下数量吗")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
FIRST, SECOND = "建丽志婉文秀思嘉海晓", "国华强清博英远怡峰东"
SPOKEN_OF = ("雅琴", "俊杰", "玉兰", "明辉", "雪梅", "子涵", "国栋", "佳宁", "宏伟", "若曦")
"""Given names of people who say nothing themselves: whoever speaks in a chat is known to the masking."""
STREETS = ("首南西路", "中山北路", "科技园南路", "人民东路", "解放大道", "软件园二路")
IN_A_CONVERSATION = 6
PERSONAL = 5
"""One turn of so many names somebody, a telephone or an address."""


@dataclass(frozen=True)
class Mining:
    """What it took, and of what was sprinkled in how much the review file still says."""

    turns: int
    wall_s: float
    cpu_s: float
    memory_mb: float
    said: str
    """The command's first line."""
    sprinkled: dict[str, int]
    unmasked: dict[str, int]

    def as_text(self) -> str:
        masked = ", ".join(
            f"{kind} {self.sprinkled[kind] - self.unmasked[kind]:,} of {self.sprinkled[kind]:,}"
            for kind in self.sprinkled
        )
        return (
            f"{self.turns:,} turns: {self.wall_s:.0f} s by the clock, {self.cpu_s:.0f} s of processor, "
            f"{self.memory_mb:.0f} MB at most; {self.said}; masked in the review file: {masked}"
        )


def export(turns: int, seed: int = 3) -> tuple[str, dict[str, set[str]]]:
    """A chat with so many turns of customers, and the personal data in it by kind."""
    chance = random.Random(seed)
    texts = sorted({one.text for one in shipped_examples() if one.speaker == "customer" and not one.context})
    chance.shuffle(texts)
    at, lines = datetime(2026, 1, 5, 9), []
    sprinkled: dict[str, set[str]] = {"names": set(), "telephones": set(), "addresses": set()}
    customer = ""
    for number in range(turns):
        if number % IN_A_CONVERSATION == 0:
            customer = chance.choice(SURNAMES) + chance.choice(FIRST) + chance.choice(SECOND)
            at += timedelta(hours=1)
        text = texts[number % len(texts)]
        if number % PERSONAL == 0:
            kind, value, words = _personal(chance, number)
            sprinkled[kind].add(value)
            text = f"{text},{words}"
        for who, words in ((customer, text), (OURS, chance.choice(ANSWERS))):
            at += timedelta(minutes=2)
            lines.append(f"{who} {at:%Y-%m-%d %H:%M:%S}\n{words}\n")
    return "\n".join(lines), sprinkled


def _personal(chance: random.Random, number: int) -> tuple[str, str, str]:
    kind = chance.choice(("names", "telephones", "addresses"))
    if kind == "names":
        name = chance.choice(SURNAMES) + chance.choice(SPOKEN_OF)
        return kind, name, chance.choice((f"我是{name}", f"找{name}确认一下", f"联系人{name}"))
    if kind == "telephones":
        phone = f"1{chance.choice('358')}{chance.randrange(10**9):09}"
        return kind, phone, chance.choice((f"电话{phone}", f"{phone},微信同号"))
    street = f"{chance.choice(STREETS)}{1 + number % 900}号{chance.randint(1, 30)}栋"
    return kind, street, f"寄到宁波市鄞州区{street}"


def unmasked(review: str, sprinkled: dict[str, set[str]]) -> dict[str, int]:
    """How many different values of each kind the review file says as they were."""
    return {kind: sum(one in review for one in values) for kind, values in sprinkled.items()}


def measure(turns: int, folder: Path) -> Mining:
    """Raises `CalledProcessError` where the command fails; what it reports on its way goes to stderr."""
    chat, review = folder / "chat.txt", folder / "review.jsonl"
    text, sprinkled = export(turns)
    chat.write_text(text, encoding="utf-8")
    command = ["intents", "mine", str(chat), "--ours", OURS, "--limit", "0", "--out", str(review)]
    began = time.perf_counter()
    environment = {**os.environ, "YIJU_DATA_DIR": str(folder / "var")}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *command],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Mining(
        turns, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.stdout.partition("\n")[0],
        {kind: len(values) for kind, values in sprinkled.items()},
        unmasked(review.read_text(encoding="utf-8"), sprinkled),
    )  # fmt: skip


def main(
    turns: Annotated[int, typer.Option(help="of customers")] = 10_000,
    keep: Annotated[Path | None, typer.Option(help="a folder for chat and review file, to look at")] = None,
) -> None:
    """Make a transcript, mine it, say what it took."""
    with tempfile.TemporaryDirectory(prefix="yiju-mine-") as folder:
        place = keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        typer.echo(measure(turns, place).as_text())


if __name__ == "__main__":
    typer.run(main)
