"""Files sent to the robot: fetched by their code, only from DingTalk's own addresses, never more than was asked for."""

from __future__ import annotations

import httpx
import pytest

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk.downloads import PATH
from bot.settings import DingTalkSettings
from tests.fakes.dingtalk_platform import DingTalkPlatform

PDF = b"%PDF-1.7 " + b"x" * 1000
MOST = 10_000


async def test_a_file_is_fetched_by_its_code(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    platform.files["d1"] = PDF
    assert (await dingtalk.download({"code": "d1"}, MOST)).content == PDF


@pytest.mark.parametrize(
    "store",
    [
        "http://169.254.169.254",
        "http://127.0.0.1:8000",
        "https://api.dingtalk.test",
        "http://down-cdn.dingtalk.com",
        "https://down-cdn.dingtalk.com:8443",
        "https://user@down-cdn.dingtalk.com",
        "https://dingtalk.com.evil.example",
        "https://evildingtalk.com",
        "https://bucket.oss-cn-zhangjiakou-internal.aliyuncs.com",
        "https://db.mysql.rds.aliyuncs.com",
        "file:///etc",
        "",
    ],
)
async def test_an_address_that_is_not_dingtalks_own_is_never_called(
    dingtalk: DingTalk, platform: DingTalkPlatform, store: str
) -> None:
    platform.files["d1"], platform.file_store = PDF, store
    with pytest.raises(ChannelRefused) as caught:
        await dingtalk.download({"code": "d1"}, MOST)
    assert (caught.value.code, caught.value.alert) == ("host", True)
    assert [path for method, path, _ in platform.calls if method == "GET"] == []


@pytest.mark.parametrize(
    "store",
    [
        "https://zjk-down-cdn.dingtalk.com",
        "https://DOWN.dingtalk.com",
        "https://wukong-im.oss-cn-zhangjiakou.aliyuncs.com",
        "https://file.oss-accelerate.aliyuncs.com",
    ],
)
async def test_the_public_stores_of_the_platform_are(
    dingtalk: DingTalk, platform: DingTalkPlatform, store: str
) -> None:
    platform.files["d1"], platform.file_store = PDF, store
    assert (await dingtalk.download({"code": "d1"}, MOST)).content == PDF


async def test_a_redirect_is_not_followed(settings: DingTalkSettings, platform: DingTalkPlatform) -> None:
    platform.files["d1"] = PDF
    asked: list[str] = []

    class Redirecting(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            if request.method == "GET":
                return httpx.Response(302, headers={"location": "http://127.0.0.1/"}, request=request)
            return await platform.transport.handle_async_request(request)

    async with httpx.AsyncClient(transport=Redirecting(), follow_redirects=True) as http:
        with pytest.raises(ChannelRefused):
            await DingTalk(settings, http).download({"code": "d1"}, MOST)
    assert not any("127.0.0.1" in url for url in asked)


async def test_more_than_the_limit_is_refused_as_too_large(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    platform.files["d1"] = b"x" * (MOST + 1)
    with pytest.raises(ChannelRefused) as caught:
        await dingtalk.download({"code": "d1"}, MOST)
    assert caught.value.code == "too_large"


async def test_a_code_that_ran_out_is_gone_and_a_busy_platform_is_asked_again(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    with pytest.raises(ChannelRefused) as caught:
        await dingtalk.download({"code": "old"}, MOST)
    assert caught.value.code == "gone"
    platform.fail(PATH, "system.busy", 500)
    with pytest.raises(ChannelBusy):
        await dingtalk.download({"code": "old"}, MOST)
    platform.files["d1"] = PDF
    platform.lose_answer("/store/d1.file")
    with pytest.raises(ChannelBusy):
        await dingtalk.download({"code": "d1"}, MOST)
