"""Files sent to the app: fetched by media id, with their names, never more than was asked for."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import Response

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.wecom import WeCom
from bot.channels.wecom.media import name_of
from tests.fakes.wecom_platform import WeComPlatform

GET = "media/get"
MOST = 10_000


async def test_a_file_is_fetched_with_its_name(wecom: WeCom, platform: WeComPlatform) -> None:
    platform.media["m1"] = "X300 手册.pdf", b"%PDF-1.7"
    got = await wecom.download({"media": "m1"}, MOST)
    assert (got.name, got.content) == ("X300 手册.pdf", b"%PDF-1.7")


async def test_a_json_file_is_a_file(wecom: WeCom, platform: WeComPlatform) -> None:
    headers = {"Content-disposition": 'attachment; filename="a.json"', "Content-Type": "application/json"}
    platform.script(GET, Response(b'{"errcode": 1}', headers=headers))
    assert (await wecom.download({"media": "m1"}, MOST)).content == b'{"errcode": 1}'


async def test_a_stale_token_is_renewed_once(wecom: WeCom, platform: WeComPlatform) -> None:
    platform.media["m1"] = "a.txt", b"words"
    await wecom.warm()
    platform.forget_tokens()
    assert (await wecom.download({"media": "m1"}, MOST)).content == b"words"
    assert (platform.calls["gettoken"], platform.calls[GET]) == (2, 2)


async def test_what_is_kept_no_more_is_gone(wecom: WeCom) -> None:
    with pytest.raises(ChannelRefused) as caught:
        await wecom.download({"media": "old"}, MOST)
    assert caught.value.code == "gone"


async def test_more_than_the_limit_is_refused_as_too_large(wecom: WeCom, platform: WeComPlatform) -> None:
    platform.media["m1"] = "a.txt", b"x" * (MOST + 1)
    with pytest.raises(ChannelRefused) as caught:
        await wecom.download({"media": "m1"}, MOST)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("answer", [-1, 45009, Response("<html>", 502)])
async def test_a_busy_platform_is_asked_again_later(
    wecom: WeCom, platform: WeComPlatform, answer: int | Response
) -> None:
    platform.script(GET, answer)
    with pytest.raises(ChannelBusy):
        await wecom.download({"media": "m1"}, MOST)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a.pdf", "a.pdf"),
        ("attachment; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf", "合同.pdf"),
        ('attachment; filename="%E5%90%88%E5%90%8C.pdf"', "合同.pdf"),
        ('attachment; filename="合同.pdf"', "合同.pdf"),
        ("attachment", ""),
        ("", ""),
    ],
)
def test_a_name_is_read_however_it_is_written(header: str, name: str) -> None:
    response = httpx.Response(200, headers=[(b"content-disposition", header.encode())])
    assert name_of(response) == name
