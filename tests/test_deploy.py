"""What is deployed names settings and roles that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.roles import ServerRole, roles
from bot.settings import Settings, describe

ROOT = Path(__file__).parents[1]
KNOWN = {line.variable for line in describe(Settings())}
OWN = {"YIJU_PORT"}
"""A variable of the unit file's own, handed to --port."""
FILES = [
    ROOT / "compose.yaml",
    ROOT / "Dockerfile",
    *sorted((ROOT / "deploy").rglob("*.*")),
    ROOT / "docs" / "operations.md",
    ROOT / "docs" / "privacy.md",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_there_is_one(path: Path) -> None:
    named = set(re.findall(r"\bYIJU_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8")))
    assert named <= KNOWN | OWN


def served(arguments: list[str]) -> frozenset[ServerRole]:
    return roles([arguments[arguments.index("--role") + 1]])


def test_compose_runs_every_role_once_the_schema_is_there() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    ours = {name: one for name, one in services.items() if "--role" in one.get("command", [])}
    assert {role for one in ours.values() for role in served(one["command"])} == set(ServerRole)
    for one in ours.values():
        assert one["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["command"] == ["migrate"]


def test_kubernetes_runs_every_role_with_its_probes() -> None:
    text = (ROOT / "deploy" / "kubernetes" / "yiju.yaml").read_text(encoding="utf-8")
    manifests: list[dict[str, Any]] = list(yaml.safe_load_all(text))
    deployments = [one for one in manifests if one["kind"] == "Deployment"]
    found: set[ServerRole] = set()
    for one in deployments:
        template = one["spec"]["template"]
        assert template["metadata"]["labels"] == one["spec"]["selector"]["matchLabels"]
        (container,) = template["spec"]["containers"]
        found |= served(container["args"])
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in template["spec"]["volumes"]}
        assert {"livenessProbe", "readinessProbe", "startupProbe"} <= set(container)
    assert found == set(ServerRole)


def test_units_start_what_there_is() -> None:
    unit = (ROOT / "deploy" / "systemd" / "yiju@.service").read_text(encoding="utf-8")
    instances = re.findall(r"yiju@(\w+)", unit)
    assert {roles([name.split("-")[0]]) for name in instances}
