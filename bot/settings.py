"""Every setting, typed, with a default that runs on a laptop. Nothing else in the project reads the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class WeComSettings(BaseModel):
    corp_id: str = Field("", description="企业 ID (我的企业 → 企业信息)")
    agent_id: int = Field(0, description="AgentId of the self-built app")
    secret: SecretStr = Field(SecretStr(""), description="Secret of the self-built app")
    token: SecretStr = Field(SecretStr(""), description="Token of the app's callback (接收消息)")
    aes_key: SecretStr = Field(
        SecretStr(""), description="EncodingAESKey of the app's callback, 43 characters"
    )
    api_base: str = Field("https://qyapi.weixin.qq.com", description="address of the WeCom API")
    bot_token: SecretStr = Field(SecretStr(""), description="Token of an AI bot (智能机器人)")
    bot_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey of an AI bot")

    needed: ClassVar = ("corp_id", "agent_id", "secret", "token", "aes_key")


class DingTalkSettings(BaseModel):
    client_id: str = Field("", description="Client ID (AppKey) of the internal app")
    client_secret: SecretStr = Field(SecretStr(""), description="Client Secret (AppSecret)")
    robot_code: str = Field("", description="RobotCode; normally the Client ID, which is used when empty")
    mode: Literal["stream", "http"] = Field(
        "stream", description="how messages arrive; stream needs no public address"
    )
    card_template_id: str = Field("", description="id of the published card template (docs/dingtalk-card.md)")
    api_base: str = Field("https://api.dingtalk.com", description="address of the new API")
    oapi_base: str = Field("https://oapi.dingtalk.com", description="address of the old API")

    needed: ClassVar = ("client_id", "client_secret", "card_template_id")


class LanguageModelSettings(BaseModel):
    base_url: str = Field("", description="OpenAI-compatible endpoint; empty = no language model")
    model: str = Field("", description="model name at that endpoint")
    api_key: SecretStr = Field(SecretStr(""), description="key for that endpoint")
    timeout_s: float = Field(
        20.0, gt=0, description="how long a better draft may take; the card never waits for it"
    )

    needed: ClassVar = ("base_url", "model")


class CrmSettings(BaseModel):
    adapter: Literal["embedded"] = Field("embedded", description="which customer system answers")
    base_url: str = Field("", description="its address, where it is not embedded")


class CardSettings(BaseModel):
    expire_after_s: int = Field(24 * 3600, gt=0, description="seconds until an unanswered card expires")
    extend_within_s: int = Field(
        600, ge=0, description="more words of a customer within this time extend an open card's turn"
    )


class LearningSettings(BaseModel):
    new_labels: int = Field(
        50, ge=1, description="settled labels since the last retraining that start the next"
    )
    retrain_every_days: int = Field(
        91, ge=1, description="days after which fewer new labels start a retraining as well"
    )
    cases: str = Field(
        "", description="labelled utterances (JSON lines) a new model must prove itself on; empty = ours"
    )


class Settings(BaseSettings):
    """Read once, at the edge."""

    model_config = SettingsConfigDict(
        env_prefix="YIJU_",
        env_nested_delimiter="__",
        env_file=".env",
        env_ignore_empty=True,  # an example file that was copied and not filled in means the defaults
        extra="ignore",
    )

    data_dir: Path = Field(Path("var"), description="where database, documents, models and indexes live")
    database_url: str = Field(
        "", description="empty = SQLite in the data dir; also postgresql://user@host/name"
    )
    bus_url: str = Field("local:", description="wake-ups between processes; local: = one process")
    chroma_url: str = Field("", description="empty = embedded in the data dir; also http://host:port")
    embedding_model: str = Field(
        "", description="empty = the shipped encoder; a folder or name of a pretrained one"
    )
    knowledge_inbox: str = Field(
        "",
        description="watched folder whose files become documents; its sub-folders are called after a customer, or "
        "manual, price, policy, other; empty = off",
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="address in the links of cards, as phones reach it"
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="signs links; generated into the data dir when empty"
    )
    simulator: bool = Field(
        False, description="serve the chat simulator at /sim (anyone who reaches it may act as a demo user)"
    )
    log_format: Literal["json", "text"] = Field(
        "json", description="one JSON object or one readable line per event"
    )
    workers: int = Field(4, ge=1, le=64, description="conversations worked side by side in one process")
    card: CardSettings = CardSettings()
    wecom: WeComSettings = WeComSettings()
    dingtalk: DingTalkSettings = DingTalkSettings()
    llm: LanguageModelSettings = LanguageModelSettings()
    crm: CrmSettings = CrmSettings()
    learning: LearningSettings = LearningSettings()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'yiju.db'}"


_IN_ADDRESS = re.compile(r"(://(?:[^:/@\s]*:)?)[^/@\s]+@")
"""The password in an address, or the token that stands in its place."""


@dataclass(frozen=True)
class ChannelState:
    """Whether a channel (or the language model) is on, off (nothing set), or half set (and what is missing)."""

    name: str
    missing: tuple[str, ...]
    touched: bool

    @property
    def on(self) -> bool:
        return not self.missing

    @property
    def half_set(self) -> bool:
        return self.touched and bool(self.missing)


def channel_states(settings: Settings) -> tuple[ChannelState, ...]:
    return (
        _state("wecom", settings.wecom, WeComSettings.needed),
        _state("dingtalk", settings.dingtalk, DingTalkSettings.needed),
    )


def language_model_state(settings: Settings) -> ChannelState:
    """A key alone is half set as well."""
    state = _state("llm", settings.llm, LanguageModelSettings.needed)
    return replace(state, touched=state.touched or _is_set(settings.llm.api_key))


def idle(settings: Settings) -> list[str]:
    """What is set although nothing serves it yet: said at start rather than ignored in silence."""
    said = {
        "YIJU_BUS_URL": settings.bus_url != "local:",
        "YIJU_WECOM__BOT_TOKEN": bool(settings.wecom.bot_token.get_secret_value()),
        "YIJU_WECOM__BOT_AES_KEY": bool(settings.wecom.bot_aes_key.get_secret_value()),
    }
    return [name for name, is_set in said.items() if is_set]


def _state(name: str, group: BaseModel, needed: tuple[str, ...]) -> ChannelState:
    missing = tuple(
        f"YIJU_{name.upper()}__{key.upper()}" for key in needed if not _is_set(getattr(group, key))
    )
    return ChannelState(name, missing, touched=len(missing) < len(needed))


def _is_set(value: object) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


@dataclass(frozen=True)
class SettingLine:
    """One line of `yiju settings`: the variable, what it is for, its default and its value (secrets masked)."""

    variable: str
    meaning: str
    default: str
    value: str


def describe(settings: Settings) -> list[SettingLine]:
    """Every setting with its meaning, nested groups flattened to their environment variables."""
    return _lines(settings, "YIJU_")


def _lines(group: BaseModel, prefix: str) -> list[SettingLine]:
    lines: list[SettingLine] = []
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        variable = f"{prefix}{name.upper()}"
        if isinstance(value, BaseModel):
            lines += _lines(value, f"{variable}__")
        else:
            lines.append(SettingLine(variable, field.description or "", _shown(field.default), _shown(value)))
    return lines


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    return _IN_ADDRESS.sub(r"\1********@", str(value))


def as_env(lines: Iterable[SettingLine]) -> str:
    """`.env.example`: every setting with its meaning, commented out at its default, so that a copy of it changes nothing."""
    shown = (f"# {line.meaning}\n# {line.variable}={line.default}\n" for line in lines)
    return "# Copy to .env and fill in what you need; made by `yiju settings --env`.\n\n" + "\n".join(shown)
