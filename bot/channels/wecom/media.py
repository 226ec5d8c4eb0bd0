"""What `media/get` answers: a file with its name in a header, or JSON that says why not."""

from __future__ import annotations

import re
from urllib.parse import unquote

import httpx

_NAME = re.compile(r"filename\*=(?:utf-8)?''(?P<coded>[^;\s]+)|filename=\"?(?P<plain>[^\";]+)", re.IGNORECASE)


def is_file(response: httpx.Response) -> bool:
    """A JSON file that somebody sent comes as a file all the same: it has a disposition."""
    return response.status_code == 200 and "content-disposition" in response.headers


def name_of(response: httpx.Response) -> str:
    """The name in the header, empty where it tells none. Chinese names come as they are, or percent-coded."""
    found = _NAME.search(response.headers.get("content-disposition", ""))
    return unquote(found["coded"] or found["plain"]).strip() if found else ""
