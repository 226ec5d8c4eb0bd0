"""Files that people send to the robot: a code becomes a short-lived address, the address becomes bytes.

Page "download-the-file-content-of-the-robot-receiving-message". The address comes from the API, and is still only
followed to where DingTalk keeps its files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog

from bot.channels import ChannelRefused, Downloaded
from bot.channels.dingtalk.client import Client
from bot.settings import DingTalkSettings

log = structlog.get_logger()
PATH = "/v1.0/robot/messageFiles/download"
_STORES = re.compile(r"(?:[a-z0-9-]+\.)+(?:dingtalk\.com|oss-[a-z]+(?:-[a-z]+)?(?:-\d+)?\.aliyuncs\.com)")
"""Public hosts of DingTalk and of the object store behind it; `…-internal` of the latter leads into a private net."""


class Downloads:
    """Raises `ChannelBusy` or `ChannelRefused`, whatever goes wrong."""

    def __init__(self, settings: DingTalkSettings, client: Client, robot: str) -> None:
        self._bases = {_origin(settings.api_base), _origin(settings.oapi_base)}
        self._client = client
        self._robot = robot

    async def download(self, ref: Mapping[str, str], most: int) -> Downloaded:
        body = {"downloadCode": ref["code"], "robotCode": self._robot}
        try:
            answer = await self._client.call("POST", PATH, body)
        except ChannelRefused as refused:
            if "downloadCode" in refused.code:
                raise ChannelRefused(str(refused), "gone") from refused
            raise
        url = str(answer.get("downloadUrl") or "")
        if not self._is_theirs(url):
            log.error("dingtalk_file_elsewhere", host=urlsplit(url).hostname)
            raise ChannelRefused(
                "DingTalk named an address that is not its own for a file", "host", alert=True
            )
        return Downloaded(await self._client.fetch(url, most))

    def _is_theirs(self, url: str) -> bool:
        """Served by the configured API itself (a gateway in between), or by HTTPS from one of the public stores."""
        if _origin(url) in self._bases:
            return True
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        plain = parts.scheme == "https" and parts.port in {None, 443} and not parts.username
        return plain and bool(_STORES.fullmatch(host)) and not host.endswith("-internal.aliyuncs.com")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
