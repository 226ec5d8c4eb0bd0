"""Every operation of the OpenAPI description with generated requests: no answer is a server error."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient

from bot.app import assemble
from bot.security import KEY_SCOPES, new_key
from bot.serving import app_of
from tests.fakes.clock import Clock
from tests.fakes.product import DemoCompany
from tests.security.conftest import open_settings

TIMES = int(os.environ.get("YIJU_FUZZ", "1"))


def test_no_request_that_can_be_generated_breaks_the_api(demo: DemoCompany, tmp_path: Path) -> None:
    parts = assemble(open_settings(demo.copy_to(tmp_path / "var")), Clock(), library=demo.library)
    with parts.store.begin() as session:
        _, key = new_key(session, "fuzz", KEY_SCOPES, parts.clock())
    app, counted = app_of(parts), 0
    schema = schemathesis.openapi.from_dict(app.openapi())
    client = TestClient(app, base_url="http://api.test", raise_server_exceptions=False)
    for result in schema.get_all_operations():
        operation: Any = result.ok()
        counted += _fuzz(client, operation.as_strategy(), key)
    assert counted >= 9
    client.close()
    parts.store.close()


def _fuzz(client: TestClient, cases: Any, key: str) -> int:
    """How many requests were sent to one operation."""
    sent_so_far = 0

    # no database of examples: this one function stands for every operation, and one's examples do not fit another;
    # in the suite always the same requests, so that what fails once fails again
    @settings(
        max_examples=12 * TIMES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=TIMES == 1,
    )
    @given(case=cases)
    def send(case: Any) -> None:
        nonlocal sent_so_far
        sent = case.as_transport_kwargs(base_url="http://api.test")
        given_headers = dict(sent.pop("headers", None) or {})
        headers = {name: value for name, value in given_headers.items() if name.lower() != "authorization"}
        sent.pop("cookies", None)
        answer = client.request(**sent, headers=headers | {"Authorization": f"Bearer {key}"})
        sent_so_far += 1
        assert answer.status_code < 500, (case.method, case.path, sent, answer.text[:300])

    send()
    return sent_so_far
