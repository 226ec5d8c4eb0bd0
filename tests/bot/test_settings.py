"""Settings come from the environment and `.env`, run on a laptop by default, name what is missing and show no secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import ChannelState, Settings, channel_states, describe

WECOM = {
    "YIJU_WECOM__CORP_ID": "ww1",
    "YIJU_WECOM__AGENT_ID": "1000002",
    "YIJU_WECOM__SECRET": "wecom-secret",
    "YIJU_WECOM__TOKEN": "wecom-token",
    "YIJU_WECOM__AES_KEY": "k" * 43,
}
SECRETS = {
    "YIJU_SECRET_KEY": "hush-1",
    "YIJU_WECOM__SECRET": "hush-2",
    "YIJU_WECOM__TOKEN": "hush-3",
    "YIJU_WECOM__AES_KEY": "hush-4",
    "YIJU_WECOM__BOT_TOKEN": "hush-5",
    "YIJU_WECOM__BOT_AES_KEY": "hush-6",
    "YIJU_DINGTALK__CLIENT_SECRET": "hush-7",
    "YIJU_LLM__API_KEY": "hush-8",
    "YIJU_DATABASE_URL": "postgresql://yiju:hush-9@db.example:5432/yiju",
    "YIJU_BUS_URL": "nats://hush-10@bus.example:4222",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without `.env`, and an environment without our variables."""
    import os

    for name in [name for name in os.environ if name.startswith("YIJU_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Settings()


def state(settings: Settings, name: str) -> ChannelState:
    return next(found for found in channel_states(settings) if found.name == name)


def test_without_any_setting_everything_is_embedded_and_every_channel_off() -> None:
    settings = Settings()
    assert settings.database == "sqlite:///var/yiju.db"
    assert (settings.bus_url, settings.chroma_url, settings.llm.base_url) == ("local:", "", "")
    assert settings.crm.adapter == "embedded"
    assert not settings.simulator
    assert [(found.on, found.half_set) for found in channel_states(settings)] == [(False, False)] * 3


def test_the_environment_sets_nested_values(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, WECOM | {"YIJU_CARD__EXPIRE_AFTER_S": "60", "YIJU_DATA_DIR": "elsewhere"})
    assert (settings.wecom.corp_id, settings.wecom.agent_id) == ("ww1", 1000002)
    assert settings.wecom.secret.get_secret_value() == "wecom-secret"
    assert settings.card.expire_after_s == 60
    assert settings.database == "sqlite:///elsewhere/yiju.db"


def test_a_dot_env_file_is_read_and_the_environment_wins(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / ".env").write_text(
        "YIJU_PUBLIC_URL=https://a.example\nYIJU_WECOM__CORP_ID=ww-file\nOTHER=1\n"
    )
    assert Settings().public_url == "https://a.example"
    assert given(monkeypatch, {"YIJU_WECOM__CORP_ID": "ww-env"}).wecom.corp_id == "ww-env"


def test_a_copied_example_file_with_empty_lines_means_the_defaults(elsewhere: Path) -> None:
    lines = [f"{line.variable}=" for line in describe(Settings())]
    (elsewhere / ".env").write_text("\n".join(lines))
    assert Settings() == Settings(_env_file=None)


def test_a_channel_with_everything_it_needs_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    wecom = state(given(monkeypatch, WECOM), "wecom")
    assert (wecom.on, wecom.half_set, wecom.missing) == (True, False, ())


@pytest.mark.parametrize("left_out", WECOM)
def test_a_half_set_channel_names_what_is_missing(left_out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wecom = state(
        given(monkeypatch, {name: value for name, value in WECOM.items() if name != left_out}), "wecom"
    )
    assert (wecom.on, wecom.half_set, wecom.missing) == (False, True, (left_out,))


def test_a_half_set_dingtalk_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    dingtalk = state(given(monkeypatch, {"YIJU_DINGTALK__CLIENT_ID": "ding1"}), "dingtalk")
    assert dingtalk.half_set
    assert dingtalk.missing == ("YIJU_DINGTALK__CLIENT_SECRET", "YIJU_DINGTALK__CARD_TEMPLATE_ID")


def test_no_secret_is_shown_and_every_other_value_is(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, SECRETS | {"YIJU_PUBLIC_URL": "https://a.example"})
    shown = {line.variable: line.value for line in describe(settings)}
    assert not [name for name, value in shown.items() if "hush" in value]
    assert all("********" in shown[name] for name in SECRETS)
    assert shown["YIJU_PUBLIC_URL"] == "https://a.example"
    assert shown["YIJU_DATABASE_URL"] == "postgresql://yiju:********@db.example:5432/yiju"
    assert "hush" not in repr(settings.wecom)


def test_an_unset_secret_is_shown_as_unset() -> None:
    shown = {line.variable: line.value for line in describe(Settings())}
    assert shown["YIJU_SECRET_KEY"] == ""


def test_every_setting_says_what_it_is_for_under_its_variables_name() -> None:
    lines = describe(Settings())
    assert all(line.meaning for line in lines)
    names = [line.variable for line in lines]
    assert len(names) == len(set(names))
    assert {
        "YIJU_DATA_DIR",
        "YIJU_WECOM__AES_KEY",
        "YIJU_DINGTALK__MODE",
        "YIJU_CARD__EXPIRE_AFTER_S",
    } <= set(names)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("YIJU_DINGTALK__MODE", "carrier-pigeon"),
        ("YIJU_WECOM__AGENT_ID", "abc"),
        ("YIJU_CARD__EXPIRE_AFTER_S", "0"),
        ("YIJU_WORKERS", "0"),
        ("YIJU_LLM__TIMEOUT_S", "-1"),
    ],
)
def test_a_value_that_makes_no_sense_stops_the_start(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=variable.rsplit("__", 1)[-1].removeprefix("YIJU_").lower()):
        given(monkeypatch, {variable: value})
