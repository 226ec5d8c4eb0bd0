"""Addresses that a customer system cannot have."""

from __future__ import annotations

import pytest

from crm_bridge.calling import AddressRefused, checked_address


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest", "http://[fe80::1]/", "http://metadata.google.internal", "http://100.100.100.200",
        "http://[::ffff:169.254.169.254]", "http://0.0.0.0:80", "http://Metadata.Google.Internal./", "ftp://crm.test",
        "crm.test", "http://", "https://user:pw@crm.test", "https://crm.test/?a=1", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_it_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        checked_address(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8069", "https://crm.test/api", "http://10.0.0.8/K3Cloud/"])
def test_it_may_be_called(url: str) -> None:
    assert checked_address(url) == url.rstrip("/")
