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
    jssdk: str = Field(
        "https://res.wx.qq.com/open/js/jweixin-1.2.0.js https://open.work.weixin.qq.com/wwopen/js/jwxwork-1.0.0.js",
        pattern=r"^(?:https?://[^\s;,'\"]+ ?)+$",
        description="scripts of WeCom's JS-SDK that /wecom/sidebar loads, separated by spaces; addresses of your own copies work too",
    )
    bot_token: SecretStr = Field(SecretStr(""), description="Token of an AI bot (智能机器人)")
    bot_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey of an AI bot")

    needed: ClassVar = ("corp_id", "agent_id", "secret", "token", "aes_key")
    needed_by_bot: ClassVar = ("bot_token", "bot_aes_key")


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
    questions: int = Field(
        0,
        ge=0,
        le=8,
        description="questions that it writes for each passage of a document, to find it by; 0 = none",
    )
    passages_a_day: int = Field(
        2000, ge=1, description="passages that it may be asked about within 24 hours, repetitions counted"
    )

    needed: ClassVar = ("base_url", "model")


class CrmSettings(BaseModel):
    """What each adapter calls these: docs/crm.md."""

    adapter: Literal[
        "embedded", "tryton", "rest", "salesforce", "hubspot", "odoo", "kingdee", "fxiaoke", "xiaoshouyi"
    ] = Field("embedded", description="which customer system answers")
    base_url: str = Field("", description="its address, where it is not embedded")
    user: str = Field("", description="user that we sign in as")
    password: SecretStr = Field(SecretStr(""), description="that user's password")
    token: SecretStr = Field(SecretStr(""), description="API key or token, where the system gives one")
    client_id: str = Field("", description="id of the connected app")
    client_secret: SecretStr = Field(SecretStr(""), description="secret of the connected app")
    database: str = Field("", description="database or account set, where an address holds several")
    tenant: str = Field("", description="company id, where the system wants one")
    mapping: str = Field(
        "", description="mapping file, or the name of a template; empty = the template of the adapter"
    )
    timeout_s: float = Field(10.0, gt=0, description="seconds until a call counts as unanswered")


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


class RetentionSettings(BaseModel):
    words_days: int = Field(
        730, ge=0, description="days that words said, drafts and what was written are kept; 0 = for ever"
    )
    queues_days: int = Field(
        30,
        ge=7,
        description="days that worked deliveries and sent messages are kept (a redelivery is known by them)",
    )


class ApiSettings(BaseModel):
    """What integrators call: `/api/openapi.json` describes it."""

    per_second: float = Field(
        200.0, ge=0, description="requests a second for each API key, at each gateway; 0 = no limit"
    )


class EventsSettings(BaseModel):
    """Events of other systems; how to send them: docs/events.md."""

    signing_secret: SecretStr = Field(
        SecretStr(""), description="shared secret of signed requests; set, unsigned events are refused"
    )
    per_second: float = Field(
        500.0, ge=0, description="events a second for each API key, at each gateway; 0 = no limit"
    )
    largest_bytes: int = Field(1024 * 1024, ge=1024, description="largest request with events")
    sweep_every_s: int = Field(
        900, ge=10, description="seconds between looks for changes that no event reported"
    )
    poll_every_s: int = Field(
        60, ge=10, description="seconds between questions to the customer system what changed"
    )
    brokers: str = Field(
        "",
        description="more ways in, separated by spaces: nats://host:4222, redis://host, amqp://user@host, kafka://host:9092, "
        "mqtt://host; with YIJU_BUS_URL=nats://… that server is one of them",
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
    bus_url: str = Field(
        "local:", description="wake-ups between processes; local: = one process; also nats://host:4222"
    )
    chroma_url: str = Field("", description="empty = embedded in the data dir; also http://host:port")
    index_dir: Path | None = Field(
        None,
        description="where this machine keeps its word index; empty = in the data dir (a shared data dir)",
    )
    embedding_model: str = Field(
        "", description="empty = the shipped encoder; a folder or name of a pretrained one"
    )
    intents_encoder: str = Field(
        "",
        description="the encoder that intents are trained and read with; empty = the one of YIJU_EMBEDDING_MODEL, none = words alone",
    )
    knowledge_inbox: str = Field(
        "",
        description="watched folder whose files become documents; its sub-folders are called after a customer, or "
        "manual, price, policy, other; empty = off",
    )
    knowledge_inbox_visibility: str = Field(
        "everyone",
        pattern=r"^(everyone|managers|team:\S.*)$",
        description="who may read what comes in by the watched folder: everyone, managers, or team: with the id of that "
        "team's manager behind it; a mark in a file's name (【仅主管】, 【所有人】) goes first",
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
    requests_in_hand: int = Field(
        1000, ge=1, description="of one process at a moment; what comes beyond them is told to come again"
    )
    workers: int = Field(4, ge=1, le=64, description="conversations worked side by side in one process")
    card: CardSettings = CardSettings()
    wecom: WeComSettings = WeComSettings()
    dingtalk: DingTalkSettings = DingTalkSettings()
    llm: LanguageModelSettings = LanguageModelSettings()
    crm: CrmSettings = CrmSettings()
    learning: LearningSettings = LearningSettings()
    api: ApiSettings = ApiSettings()
    events: EventsSettings = EventsSettings()
    retention: RetentionSettings = RetentionSettings()

    @property
    def encoder_of_intents(self) -> str:
        """Empty where intents are read by their words alone."""
        return {"": self.embedding_model, "none": ""}.get(self.intents_encoder, self.intents_encoder)

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
        replace(_state("wecom", settings.wecom, WeComSettings.needed_by_bot), name="wecom_bot"),
        _state("dingtalk", settings.dingtalk, DingTalkSettings.needed),
    )


def language_model_state(settings: Settings) -> ChannelState:
    """A key alone is half set as well."""
    state = _state("llm", settings.llm, LanguageModelSettings.needed)
    return replace(state, touched=state.touched or _is_set(settings.llm.api_key))


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
    return "" if value is None else _IN_ADDRESS.sub(r"\1********@", str(value))


def as_env(lines: Iterable[SettingLine]) -> str:
    """`.env.example`: every setting with its meaning, commented out at its default, so that a copy of it changes nothing."""
    shown = (f"# {line.meaning}\n# {line.variable}={line.default}\n" for line in lines)
    return "# Copy to .env and fill in what you need; made by `yiju settings --env`.\n\n" + "\n".join(shown)
