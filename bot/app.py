"""The composition root: settings in, parts and a FastAPI app out. Only here are concrete parts chosen."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from bot import actions, schema
from bot.actions import CatalogItem, load_catalog
from bot.cards import CardMaker
from bot.channels import Channel, SignsIn, UntrustedEnvelope
from bot.channels.simulator import Simulator
from bot.confirmation import Confirmations
from bot.copilot import Copilot
from bot.customers import Customers
from bot.desk import Desk
from bot.drafting import TemplateWriter
from bot.errors import HTTP_STATUS, CopilotError, InvalidInput, NotFound
from bot.executor import Executor
from bot.feeding import Feed
from bot.inbox import Inbox
from bot.ingesting import SentFiles, note
from bot.jobs import Jobs
from bot.language_model import LanguageModel, OpenAICompatible
from bot.learning import learning_jobs
from bot.leases import InProcessLeases, Leases, StoredLeases
from bot.listening import Listener
from bot.outbox import Outbox
from bot.queues import Queue
from bot.reception import Reception
from bot.redrafting import Redrafting
from bot.renewals import Renewals
from bot.security import Links, load_secret
from bot.sender import Sender
from bot.settings import Settings, channel_states, idle, language_model_state
from bot.store import Store
from bot.tables import ActionRow, DeliveryRow, OutboxRow
from bot.tapping import Taps
from bot.web import api, gateway, health, page, simulator
from bot.web.gateway import Gateway
from bot.web.page import DecisionPage
from bot.web.signin import SignIn
from bot.worker import Worker
from crm_bridge import CrmAdapter
from crm_bridge.adapters.embedded import EmbeddedCrm
from intents import Reading, Registry, load_taxonomy
from knowledge import Added, Library
from prompts import content_hash, phrase, render

log = structlog.get_logger()
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class ServingClassifier:
    """The model that the registry says serves now, knowing the company's products. Implements `Classifier`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def read(self, text: str, *, speaker: str, context: tuple[str, ...]) -> Reading:
        return self._registry.serving().read(text, speaker=speaker, context=context)


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
    leases: Leases
    links: Links
    cards: CardMaker
    outbox: Outbox
    confirmations: Confirmations
    copilot: Copilot
    desk: Desk
    taps: Taps
    gateway: Gateway
    jobs: Jobs
    deliveries: Worker[DeliveryRow]
    messages: Worker[OutboxRow]
    actions: Worker[ActionRow]
    secret: str
    redrafting: Redrafting | None = None
    """Only with a language model."""

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
) -> Parts:
    """Build all parts; the schema must be there (`bot/schema.py`). What is given replaces what the settings say."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    secret = load_secret(settings.secret_key.get_secret_value(), settings.data_dir)
    leases: Leases = InProcessLeases() if store.is_sqlite else StoredLeases(store)
    channels = channels if channels is not None else open_channels(settings, store, clock)
    library = library or open_library(settings, store)
    catalog = read_catalog(settings)
    registry = Registry(store.engine, settings.data_dir, products=(*catalog, *library.catalogue))
    crm = crm or EmbeddedCrm(store.engine, clock, store.begin)
    links = Links(secret, settings.public_url)
    cards = CardMaker(load_taxonomy(), links, lambda url, passage: f"{url}/source/{passage}")
    inbox, out = Queue(store, DeliveryRow, leases), Queue(store, OutboxRow, leases)
    acts = Queue(store, ActionRow, leases)
    outbox = Outbox(out, frozenset(channels))
    confirmations = Confirmations(outbox, acts, actions.can_undo)
    copilot = Copilot(
        classifier=ServingClassifier(registry),
        knowledge=library,
        crm=crm,
        writer=TemplateWriter(),
        catalog=catalog,
        clock=clock,
        prompts=content_hash(),
        expire_after=timedelta(seconds=settings.card.expire_after_s),
    )
    model = model or open_language_model(settings)
    redrafting = Redrafting(store, outbox, crm, model, clock) if model else None
    desk = Desk(
        store=store,
        deliveries=inbox,
        outbox=outbox,
        copilot=copilot,
        customers=Customers(crm),
        confirmations=confirmations,
        taxonomy=load_taxonomy(),
        clock=clock,
        extend_within=timedelta(seconds=settings.card.extend_within_s),
        page=cards.url,
        proposed=redrafting.proposed if redrafting else None,
    )
    taps = Taps(desk)
    files, renewals = SentFiles(desk, library, channels), Renewals(desk, library)
    reception = Reception(desk, Listener(desk), Feed(desk), taps, files, renewals)
    sender = Sender(store, out, outbox, channels, cards, clock)
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
        leases=leases,
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
            learning_jobs(settings, store, registry, outbox, crm, leases, clock),
        ),
        deliveries=Worker(inbox, reception.work, clock, parallel=side_by_side, on_dead=reception.give_up),
        messages=Worker(out, sender.work, clock, parallel=side_by_side),
        actions=Worker(acts, executor.work, clock, parallel=side_by_side, on_dead=executor.give_up),
        secret=secret,
        redrafting=redrafting,
    )


def open_channels(settings: Settings, store: Store, clock: Clock) -> dict[str, Channel]:
    """The channels whose settings are complete; a half-set one is named and stays off."""
    channels: dict[str, Channel] = {}
    for state in channel_states(settings):
        if state.half_set:
            log.warning("channel_off", channel=state.name, missing=", ".join(state.missing))
        if state.on and state.name == "wecom":
            from bot.channels.wecom import WeCom

            channels["wecom"] = WeCom(settings.wecom, clock=clock)
        elif state.on:
            from bot.channels.dingtalk import DingTalk

            taps = f"{settings.public_url.rstrip('/')}/dingtalk/card"
            channels["dingtalk"] = DingTalk(settings.dingtalk, clock=clock, card_callback=taps)
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
    from knowledge.pretrained import UnfitEncoder, encoder_for

    try:
        encoder = encoder_for(settings.embedding_model)
    except UnfitEncoder as error:
        raise InvalidInput(f"{error}; check YIJU_EMBEDDING_MODEL") from error
    return Library(store.engine, settings.data_dir, settings.chroma_url, encoder)


def open_inbox(
    settings: Settings, library: Library, crm: CrmAdapter, store: Store, clock: Clock
) -> Inbox | None:
    """The watched folder, where one is set. What comes in by it stands in the journal."""
    if not settings.knowledge_inbox:
        return None

    async def noted(added: Added) -> None:
        await store.write(lambda session: note(session, added, "inbox", clock()))

    return Inbox(Path(settings.knowledge_inbox), library, crm, clock, noted)


def read_catalog(settings: Settings) -> Mapping[str, CatalogItem]:
    """The company's products and prices: `catalog.yaml` in the data dir, where there is one."""
    path = settings.data_dir / "catalog.yaml"
    return load_catalog(path) if path.exists() else {}


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """All roles in one process: gateway, workers, scheduler, pages."""
    return app_of(assemble(settings, clock))


def app_of(parts: Parts) -> FastAPI:
    """The web application over these parts; its workers run while its lifespan does."""
    settings, clock = parts.settings, parts.clock
    signin = SignIn(parts.secret, settings.public_url.startswith("https:"), clock)
    app = FastAPI(
        title="Yiju",
        version="1",
        lifespan=lambda app: _running(parts),
        docs_url=None,  # its viewer would be fetched from elsewhere at run time; any OpenAPI viewer reads the description
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.parts = parts
    app.include_router(gateway.routes(parts.gateway, parts.channels))
    app.include_router(api.routes(parts.store, parts.gateway, parts.crm, clock))
    app.include_router(health.routes(_checks(parts)))
    sign_ins = {
        name: cast(SignsIn, one) for name, one in parts.channels.items() if hasattr(one, "sign_in_url")
    }
    shown = DecisionPage(
        parts.store,
        parts.cards,
        parts.links,
        parts.taps,
        parts.library,
        parts.outbox,
        signin,
        sign_ins,
        clock,
    )
    app.include_router(page.routes(shown))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "web" / "static"))
    sim = parts.channels.get("sim")
    if isinstance(sim, Simulator):
        app.include_router(simulator.routes(parts.store, parts.gateway, sim, signin, parts.crm, clock))
    app.add_exception_handler(UntrustedEnvelope, gateway.untrusted)
    app.add_exception_handler(CopilotError, _expected)
    return app


@asynccontextmanager
async def _running(parts: Parts) -> AsyncIterator[None]:
    """Workers and clock while the server serves; on the way out, what is in hand is finished or returned."""
    loop = asyncio.get_running_loop()
    by_name = {worker.queue.name: worker for worker in parts.workers}

    def announce(names: frozenset[str]) -> None:
        for name in names:
            loop.call_soon_threadsafe(by_name[name].wake)

    parts.store.announce = announce
    await asyncio.to_thread(_warm, parts)
    scheduler = parts.jobs.schedule()
    scheduler.start()
    tasks = [asyncio.create_task(worker.run()) for worker in parts.workers]
    stream = _stream(parts)
    if stream is not None:
        tasks.append(asyncio.create_task(stream.run()))
    if parts.redrafting is not None:
        tasks.append(asyncio.create_task(parts.redrafting.run()))
    tasks.append(asyncio.create_task(parts.jobs.warm()))
    for setting in idle(parts.settings):
        log.warning("setting_idle", setting=setting, next="it has no effect in this version; leave it empty")
    log.info("serving", channels=sorted(parts.channels), database=parts.store.engine.dialect.name)
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        if stream is not None:
            await stream.stop()
        for worker in parts.workers:
            worker.stop()
        if parts.redrafting is not None:
            parts.redrafting.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in parts.channels.values():
            if close := getattr(channel, "close", None):
                await close()
        parts.store.close()
        log.info("stopped")


def _stream(parts: Parts) -> Any:
    dingtalk = parts.channels.get("dingtalk")
    if dingtalk is None or parts.settings.dingtalk.mode != "stream":
        return None
    return dingtalk.stream(parts.gateway.streamed)  # type: ignore[attr-defined]


def _warm(parts: Parts) -> None:
    """The first turn should not pay for reading the indexes and the model, nor for LangChain's import."""
    parts.library.search("型号", k=1)
    parts.registry.serving().read("型号")
    render("drafts/reply", greeting="", opening="", points=[], bare="", pending="", closing="")
    gc.collect()
    gc.freeze()  # lexicon, index and model stay for good: a full collection would walk them all, again and again


def _checks(parts: Parts) -> dict[str, health.Check]:
    async def database() -> str:
        return await parts.store.read(lambda session: schema.problem(session))

    async def knowledge() -> str:
        problems = (await asyncio.to_thread(parts.library.check)).problems
        return "; ".join(problems)

    async def customers() -> str:
        return (
            "" if await parts.crm.directory() else "the CRM has no customers; import some or run `yiju demo`"
        )

    return {"database": database, "knowledge": knowledge, "crm": customers}


async def _expected(request: Request, error: Exception) -> Response:
    """An expected refusal: its sentence, as a page for people and as JSON for programs."""
    assert isinstance(error, CopilotError)
    status = next((code for kind, code in HTTP_STATUS.items() if isinstance(error, kind)), 500)
    log.warning("request_refused", path=request.url.path.split("/")[1], status=status, reason=str(error))
    if request.url.path.startswith("/d/"):
        return page.message(phrase("page_gone") if isinstance(error, NotFound) else str(error), status)
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, status_code=status)
