"""`yiju` on a machine whose clock is put forward and back: by as many seconds as a file says, read again and again.

time-machine answers for the wall clock wherever Python asks, APScheduler's included; the monotonic clock goes on, as a
machine's does. (libfaketime would also reach C code; servers under it stood still now and then.)
"""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import time_machine

OFFSET_FILE = "YIJU_BENCH_CLOCK_OFFSET"
LOOK_EVERY_S = 0.1


def put(file: Path, offset: int) -> None:
    """In one step, so that nobody reads half a line."""
    new = file.with_suffix(".new")
    new.write_text(f"{offset}\n")
    new.replace(file)


def _follow(file: Path, clock: time_machine.Traveller) -> None:
    offset = 0
    while True:
        wanted = int(file.read_text())
        if wanted != offset:
            clock.shift(timedelta(seconds=wanted - offset))
            offset = wanted
        time.sleep(LOOK_EVERY_S)


def main() -> None:
    import time_machine

    from bot.cli import main as yiju

    travel = time_machine.travel(time.time(), tick=True)
    clock = travel.start()
    threading.Thread(target=_follow, args=(Path(os.environ[OFFSET_FILE]), clock), daemon=True).start()
    yiju()


if __name__ == "__main__":
    main()
