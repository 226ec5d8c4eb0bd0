"""The composition root: settings in, parts out. Only here are concrete parts chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot import actions
from bot.actions import CatalogItem, load_catalog
from bot.bus import Bus, open_bus
from bot.cards import CardMaker
from bot.channels import Channel
from bot.channels.simulator import Simulator
from bot.confirmation import Confirmations
from bot.connections import Connections
from bot.copilot import Copilot
from bot.customer_system import field_policy, hints_read_by, open_crm, records_of
from bot.customers import Customers
from bot.desk import Desk
from bot.drafting import TemplateWriter
from bot.encoders import encoder_of_documents, encoder_of_intents
from bot.events.effects import Effects, Resolve
from bot.events.hinted import Hints
from bot.events.intake import Intake
from bot.events.polling import event_jobs
from bot.events.rules import load_rules
from bot.executor import Executor
from bot.feeding import Feed
from bot.following import FOLLOW_EVERY_S, Following
from bot.gathering import NotingLibrary, facts_of
from bot.inbox import Inbox
from bot.ingesting import SentFiles, note
from bot.jobs import Every, Jobs
from bot.language_model import LanguageModel, OpenAICompatible
from bot.learning import learning_jobs
from bot.leases import InProcessLeases, Leases, StoredLeases
from bot.listening import Listener
from bot.outbox import Outbox
from bot.posing import POSE_EVERY_S, Posing
from bot.queues import Queue
from bot.reception import Reception
from bot.redrafting import Redrafting
from bot.renewals import Renewals
from bot.retention import Retention
from bot.security import Links, load_secret
from bot.sender import Sender
from bot.settings import Settings, channel_states, language_model_state
from bot.sharing import StoredAllowance, StoredTokens
from bot.signals.inquiries import Inquiries
from bot.signals.proposing import Approaches
from bot.signals.quality import WATCH_EVERY_S, QualityWatch
from bot.signals.watch import LOOK_EVERY_S, SignalWatch, load_sheets
from bot.store import Store
from bot.tables import ActionRow, DeliveryRow, OutboxRow
from bot.tapping import Taps
from bot.web.gateway import Gateway
from bot.weekly import LOOK_EVERY_S as SUM_UP_EVERY_S
from bot.weekly import WeeklySummary
from bot.worker import Worker
from crm_bridge import CrmAdapter
from crm_bridge.events import load_maps
from crm_bridge.identity import known_as
from crm_bridge.quality import load_bounds
from intents import Reading, Registry
from knowledge import EVERYONE, Added, Library
from prompts import content_hash

log = structlog.get_logger()
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class ServingClassifier:
    """The model that the registry says serves now, knowing the company's products. Implements `Classifier`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def read(
        self, text: str, *, speaker: str, context: tuple[str, ...], industry: str, card: str | None = None
    ) -> Reading:
        return self._registry.serving().read(
            text, speaker=speaker, context=context, industry=industry, card=card
        )


@dataclass(frozen=True)
class Parts:
    """Everything that runs, put together once. Tests and the terminal use the same."""

    settings: Settings
    clock: Clock
    store: Store
    library: Library
    registry: Registry
    crm: CrmAdapter
    channels: Mapping[str, Channel]
    connections: Connections
    leases: Leases
    bus: Bus
    links: Links
    cards: CardMaker
    outbox: Outbox
    confirmations: Confirmations
    copilot: Copilot
    desk: Desk
    taps: Taps
    gateway: Gateway
    jobs: Jobs
    intake: Intake
    signals: SignalWatch
    quality: QualityWatch
    deliveries: Worker[DeliveryRow]
    messages: Worker[OutboxRow]
    actions: Worker[ActionRow]
    secret: str
    redrafting: Redrafting | None = None
    """Only with a language model."""
    posing: Posing | None = None
    """Only with a language model that is to write questions."""

    @property
    def workers(self) -> tuple[Worker[Any], ...]:
        return (self.deliveries, self.messages, self.actions)

    async def settle(self) -> None:
        """Work everything that is due, in this process, now (for the terminal and for tests)."""
        while sum([await worker.drain() for worker in self.workers]):
            pass


def assemble(
    settings: Settings,
    clock: Clock = utc_now,
    channels: Mapping[str, Channel] | None = None,
    crm: CrmAdapter | None = None,
    library: Library | None = None,
    model: LanguageModel | None = None,
    alone: bool = True,
) -> Parts:
    """Build all parts; the schema must be there (`bot/schema.py`). What is given replaces what the settings say.

    `alone`: no other process works on the same SQLite file, so that leases need not be rows.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    secret = load_secret(settings.secret_key.get_secret_value(), settings.data_dir)
    leases: Leases = InProcessLeases() if store.is_sqlite and alone else StoredLeases(store)
    channels = (
        channels
        if channels is not None
        else open_channels(settings, store, clock, None if leases.in_process else secret)
    )
    library = library or open_library(settings, store)
    catalog = read_catalog(settings)
    registry = Registry(
        store.engine,
        settings.data_dir,
        products=(*catalog, *library.catalogue),
        facts=facts_of(library),
        encoder=encoder_of_intents(settings),
    )
    connections = Connections(store, clock)
    crm = crm or open_crm(settings.crm, store, clock, settings.data_dir, connections.heard)
    policy = field_policy(settings.data_dir, crm)
    links = Links(secret, settings.public_url)
    cards = CardMaker(registry.taxonomy, links, lambda url, passage: f"{url}/source/{passage}")
    inbox, out = Queue(store, DeliveryRow, leases), Queue(store, OutboxRow, leases)
    acts = Queue(store, ActionRow, leases)
    outbox = Outbox(out, frozenset(channels))
    confirmations = Confirmations(outbox, acts, actions.can_undo)
    copilot = Copilot(
        classifier=ServingClassifier(registry),
        knowledge=NotingLibrary(library),
        crm=crm,
        writer=TemplateWriter(),
        catalog=catalog,
        clock=clock,
        prompts=content_hash(),
        expire_after=timedelta(seconds=settings.card.expire_after_s),
        taxonomies=registry.taxonomy,
        policy=policy,
    )
    model = model or open_language_model(settings)
    redrafting = (
        Redrafting(store, outbox, crm, model, clock, policy=policy, heard=connections.heard)
        if model
        else None
    )
    posing = (
        Posing(library, crm, model, clock, settings.llm.questions, settings.llm.passages_a_day, policy)
        if model and settings.llm.questions
        else None
    )
    desk = Desk(
        store=store,
        deliveries=inbox,
        outbox=outbox,
        copilot=copilot,
        customers=Customers(crm),
        confirmations=confirmations,
        taxonomies=registry.taxonomy,
        clock=clock,
        extend_within=timedelta(seconds=settings.card.extend_within_s),
        page=cards.url,
        proposed=redrafting.proposed if redrafting else None,
    )
    taps = Taps(desk, library)
    files, renewals = SentFiles(desk, library, channels), Renewals(desk, library)
    rules = load_rules()
    maps = load_maps(settings.data_dir / "event-maps", records_of(crm))
    intake = Intake(store, inbox, maps, rules, clock, hints=hints_read_by(crm))
    watch = SignalWatch(intake, crm, load_sheets(settings.data_dir / "signals"))
    bounds = load_bounds(settings.data_dir / "contracts")
    quality = QualityWatch(store, crm, outbox, bounds, clock, settings.public_url)
    reception = Reception(
        desk,
        Listener(desk),
        Feed(desk),
        taps,
        files,
        renewals,
        Effects(desk, rules, known_accounts(store)),
        Approaches(desk, watch.sheets),
        Inquiries(desk, tuple(catalog), known_accounts(store)),
        Hints(desk, intake),
    )
    sender = Sender(store, out, outbox, channels, cards, clock, connections.heard)
    executor = Executor(store, acts, outbox, crm, channels, clock)
    side_by_side = settings.workers
    return Parts(
        settings=settings,
        clock=clock,
        store=store,
        library=library,
        registry=registry,
        crm=crm,
        channels=channels,
        connections=connections,
        leases=leases,
        bus=open_bus(settings.bus_url, settings.database),
        links=links,
        cards=cards,
        outbox=outbox,
        confirmations=confirmations,
        copilot=copilot,
        desk=desk,
        taps=taps,
        gateway=Gateway(store, inbox, channels, cards, clock),
        jobs=Jobs(
            store,
            confirmations,
            (inbox, out, acts),
            channels,
            leases,
            clock,
            renewals,
            open_inbox(settings, library, crm, store, clock),
            (
                *learning_jobs(settings, store, registry, outbox, crm, leases, clock),
                *event_jobs(settings.events, intake, crm),
                Every(SUM_UP_EVERY_S, WeeklySummary(store, outbox, settings.public_url, clock).sum_up_weeks),
                Every(LOOK_EVERY_S, watch.watch_signals),
                Every(WATCH_EVERY_S, quality.watch_quality),
                *([Every(POSE_EVERY_S, posing.pose_questions)] if posing else ()),
                Every(FOLLOW_EVERY_S, Following(library).follow_encoder),
            ),
            Retention(store, settings.retention),
            connections.heard,
        ),
        intake=intake,
        signals=watch,
        quality=quality,
        deliveries=Worker(inbox, reception.work, clock, parallel=side_by_side, on_dead=reception.give_up),
        messages=Worker(out, sender.work, clock, parallel=side_by_side),
        actions=Worker(acts, executor.work, clock, parallel=side_by_side, on_dead=executor.give_up),
        secret=secret,
        redrafting=redrafting,
        posing=posing,
    )


def open_channels(
    settings: Settings, store: Store, clock: Clock, shared: str | None = None
) -> dict[str, Channel]:
    """The channels whose settings are complete; a half-set one is named and stays off.

    `shared`: the secret under which several processes share access tokens and quotas; None for one process.
    """
    channels: dict[str, Channel] = {}
    shelf = StoredTokens(store, shared) if shared else None
    allowance = StoredAllowance(store, clock) if shared else None
    for state in channel_states(settings):
        if state.half_set:
            log.warning("channel_off", channel=state.name, missing=", ".join(state.missing))
        if state.on and state.name == "wecom":
            from bot.channels.wecom import WeCom

            channels["wecom"] = WeCom(settings.wecom, clock=clock, shelf=shelf, allowance=allowance)
        elif state.on and state.name == "wecom_bot":
            from bot.channels.wecom_bot import Addresses, WeComBot

            addresses, app = Addresses(store, clock), channels.get("wecom")
            channels["wecom_bot"] = WeComBot(settings.wecom, addresses, clock, app=app)
        elif state.on:
            from bot.channels.dingtalk import DingTalk

            taps = f"{settings.public_url.rstrip('/')}/dingtalk/card"
            channels["dingtalk"] = DingTalk(
                settings.dingtalk, clock=clock, card_callback=taps, shelf=shelf, allowance=allowance
            )
    if settings.simulator:
        channels["sim"] = Simulator(store, clock)
    return channels


def open_language_model(settings: Settings) -> LanguageModel | None:
    """None without settings; half set, what is missing is named and drafts stay as they are."""
    state = language_model_state(settings)
    if state.half_set:
        log.warning("language_model_off", missing=", ".join(state.missing))
    return OpenAICompatible(settings.llm) if state.on else None


def open_library(settings: Settings, store: Store) -> Library:
    """Raises `InvalidInput` where the configured encoder cannot be used."""
    encoder = encoder_of_documents(settings)
    return Library(
        store.engine, settings.data_dir, settings.chroma_url, encoder, index_dir=settings.index_dir
    )


def known_accounts(store: Store) -> Resolve:
    """What the identity map knows of other systems' customer numbers."""

    async def account(system: str, external: str) -> str | None:
        return await store.read(lambda session: known_as(session, system, external))

    return account


def open_inbox(
    settings: Settings, library: Library, crm: CrmAdapter, store: Store, clock: Clock
) -> Inbox | None:
    """The watched folder, where one is set. What comes in by it stands in the journal."""
    if not settings.knowledge_inbox:
        return None

    async def noted(added: Added) -> None:
        await store.write(lambda session: note(session, added, "inbox", clock()))

    visibility = settings.knowledge_inbox_visibility
    return Inbox(
        Path(settings.knowledge_inbox),
        library,
        crm,
        clock,
        noted,
        None if visibility == EVERYONE else visibility,
    )


def read_catalog(settings: Settings) -> Mapping[str, CatalogItem]:
    """The company's products and prices: `catalog.yaml` in the data dir, where there is one."""
    path = settings.data_dir / "catalog.yaml"
    return load_catalog(path) if path.exists() else {}
