"""A library in a temporary folder, and a few small documents to put into it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel, create_engine

from knowledge import Library

MANUAL = """# X系列离心机用户手册
## 修订记录
| 版本 | 日期 | 内容 |
|---|---|---|
| V2.1 | 2024-01 | 噪声由 62 dB 降为 60 dB |
| V3.0 | 2025-06 | 噪声降为 56 dB |

## X200 技术参数
| 参数 | 数值 |
|---|---|
| 最高转速 | 16500 r/min |
| 噪声 | ≤56 dB(A) |
| 净重 | 28 kg |
| 制冷 | 无制冷(自然风冷) |

## X200R 技术参数
| 参数 | 数值 |
|---|---|
| 最高转速 | 16500 r/min |
| 噪声 | ≤58 dB(A) |
| 制冷 | -20℃~40℃ |

## 报警代码
| 代码 | 含义 | 处理 |
|---|---|---|
| E03 | 不平衡 | 停机后对称放置并配平至 0.5 g 以内 |
| E07 | 驱动器过流 | 断电 10 分钟后重启 |
"""

CONTRACT = """第一条 标的
甲方向乙方采购离心机两台。

第七条 质量保证
7.1 质保期为{months}个月,自验收合格之日起计算。
7.2 质保期内免费维修。

第九条 付款
验收合格后 {days} 日内付清。
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(found)
    yield found
    found.dispose()


@pytest.fixture
def library(engine: Engine, tmp_path: Path) -> Library:
    return Library(engine, tmp_path / "data")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a text file and give its path."""

    def file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return file


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """The address of a Chroma server on a free port of this machine, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = str(Path(sys.executable).with_name("chroma"))
    command = [chroma, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    assert running.stdout is not None
    log = running.stdout
    reading = threading.Thread(target=log.read)  # a server whose log nobody reads stops when the pipe is full
    try:
        assert any(b"listening" in line for line in log)
        reading.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("knowledge.dense.PATIENCE", 300.0)  # other work may load the machine
            yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(60)
        if reading.ident:
            reading.join()
        log.close()
