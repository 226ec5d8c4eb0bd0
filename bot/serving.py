"""The web application over the assembled parts: routes, and what runs while the server serves."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError
from starlette.requests import ClientDisconnect

from bot import schema
from bot.app import Clock, Parts, assemble, utc_now
from bot.channels import SignsIn, UntrustedEnvelope
from bot.channels.simulator import Simulator
from bot.channels.wecom import WeCom
from bot.clock_watch import watch
from bot.errors import HTTP_STATUS, CopilotError, NotFound, TooMany
from bot.events.brokers import open_brokers
from bot.roles import EVERYTHING, ServerRole
from bot.settings import Settings
from bot.store import AWAY, why_away
from bot.web import (
    api,
    customers_api,
    events,
    gateway,
    health,
    hubspot,
    inquiries,
    page,
    quality,
    sidebar,
    simulator,
)
from bot.web.api_door import ApiDoor
from bot.web.card_form import CardForm
from bot.web.limits import Limits
from bot.web.page import DecisionPage
from bot.web.roundtrip import RoundTrip
from bot.web.sidebar import Sidebar
from bot.web.sidebar_door import AT, Door
from bot.web.sidebar_page import SidebarPage
from bot.web.signin import SignIn
from prompts import phrase, render

log = structlog.get_logger()


def create_app(
    settings: Settings, roles: frozenset[ServerRole] = EVERYTHING, clock: Clock = utc_now
) -> FastAPI:
    parts = assemble(settings, clock, alone=roles == EVERYTHING)
    app = app_of(parts, roles)
    if ServerRole.CONSOLE in roles:
        from bot.console.mount import mount

        mount(app, parts)
    return app


def app_of(parts: Parts, roles: frozenset[ServerRole] = EVERYTHING) -> FastAPI:
    """The web application of a process with these roles; its workers run while its lifespan does.

    Every process says how it is (`/healthz`, `/readyz`, `/metrics`), whatever it does.
    """
    app = FastAPI(
        title="Yiju",
        version="1",
        lifespan=lambda app: _running(app, parts, roles),
        docs_url=None,  # its viewer would be fetched from elsewhere at run time; any OpenAPI viewer reads the description
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.parts = parts
    app.include_router(health.routes(_checks(app, parts, roles)))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "web" / "static"))
    if ServerRole.GATEWAY in roles:
        _take_in(app, parts)
    app.add_exception_handler(UntrustedEnvelope, gateway.untrusted)
    app.add_exception_handler(CopilotError, _expected)
    app.add_exception_handler(ClientDisconnect, _gone)
    for away in AWAY:
        app.add_exception_handler(away, _store_away)
    larger = {"/api/v1/events": parts.settings.events.largest_bytes + 1}  # the route's own words come first
    app.add_middleware(Limits, public_url=parts.settings.public_url, larger=larger)
    return app


def _take_in(app: FastAPI, parts: Parts) -> None:
    """The routes of platforms, integrators and reps."""
    settings, clock, policy = parts.settings, parts.clock, parts.copilot.policy
    signin = SignIn(parts.secret, settings.public_url.startswith("https:"), clock)
    app.include_router(gateway.routes(parts.gateway, parts.channels))
    door = ApiDoor(parts.store, clock, settings.api.per_second)
    app.include_router(api.routes(door, parts.store, parts.gateway, parts.crm, parts.library, clock, policy))
    app.include_router(events.routes(door, parts.store, parts.intake, settings.events, clock, policy))
    app.include_router(
        customers_api.routes(
            door,
            parts.store,
            parts.gateway,
            parts.crm,
            parts.signals,
            lambda account: policy.visible(account, "integrator", "api"),
            clock,
        )
    )
    app.include_router(quality.routes(door, parts.quality))
    app.include_router(inquiries.routes(door, parts.gateway, clock))
    secret = settings.crm.client_secret.get_secret_value()
    if secret and (mapping := hubspot.mapping_of(parts.crm)):
        app.include_router(hubspot.routes(parts.intake, mapping, secret, settings.public_url))
    sign_ins = {
        name: cast(SignsIn, one) for name, one in parts.channels.items() if hasattr(one, "sign_in_url")
    }
    if "wecom_bot" in parts.channels and "wecom" in sign_ins:
        sign_ins["wecom_bot"] = sign_ins["wecom"]  # the same people; an AI bot has no sign-in of its own
    form = CardForm(parts.store, parts.cards, parts.links, parts.taps, parts.clock)
    shown = DecisionPage(
        parts.store,
        parts.cards,
        parts.links,
        form,
        parts.library,
        parts.outbox,
        signin,
        RoundTrip(parts.secret, "yiju_page_trip", "/d/", signin.secure),
        sign_ins,
        clock,
    )
    app.include_router(page.routes(shown))
    wecom = parts.channels.get("wecom")
    if isinstance(wecom, WeCom):
        app.include_router(sidebar.routes(_sidebar(parts, wecom, form, signin)))
    sim = parts.channels.get("sim")
    if isinstance(sim, Simulator):
        app.include_router(simulator.routes(parts.store, parts.gateway, sim, signin, parts.crm, clock))


def _sidebar(parts: Parts, wecom: WeCom, form: CardForm, signin: SignIn) -> Sidebar:
    public_url = parts.settings.public_url
    trips = RoundTrip(parts.secret, "yiju_sidebar_trip", AT, signin.secure)
    door = Door(parts.store, wecom, signin, trips, public_url)
    drawn = SidebarPage(wecom, parts.settings.wecom, public_url)
    return Sidebar(parts.desk, wecom, parts.gateway, form, parts.links, door, drawn)


@asynccontextmanager
async def _running(app: FastAPI, parts: Parts, roles: frozenset[ServerRole]) -> AsyncIterator[None]:
    """Workers and clock while the server serves; on the way out, what is in hand is finished or returned."""
    works = ServerRole.WORKER in roles
    workers = {worker.queue.name: worker for worker in parts.workers} if works else {}

    def woken(names: frozenset[str]) -> None:
        for name in names & workers.keys():
            workers[name].wake()

    await parts.bus.start(woken)
    parts.store.announce = parts.bus.announce
    scheduler = parts.jobs.schedule(roles)
    scheduler.start()
    app.state.warming = works

    async def work() -> None:
        """Deliveries are taken from the first moment on and wait the second or two until everything is read in."""
        try:
            await asyncio.to_thread(_warm, parts)
        finally:
            app.state.warming = False
        await asyncio.gather(*(worker.run() for worker in workers.values()))

    tasks = [asyncio.create_task(work())] if works else []
    stream = _stream(parts) if ServerRole.GATEWAY in roles else None
    if stream is not None:
        tasks.append(asyncio.create_task(stream.run()))
    if works and parts.redrafting is not None:
        tasks.append(asyncio.create_task(parts.redrafting.run()))
    brokers: list[asyncio.Task[None]] = []
    if ServerRole.GATEWAY in roles:
        listening = open_brokers(parts.settings.events.brokers, parts.settings.bus_url, parts.intake)
        brokers = [asyncio.create_task(one.run()) for one in listening]
        tasks += brokers
    tasks.append(asyncio.create_task(parts.jobs.warm()))
    watching = asyncio.create_task(watch(parts.clock, lambda by: parts.jobs.plan_anew()))
    log.info(
        "serving",
        roles=sorted(roles),
        channels=sorted(parts.channels),
        database=parts.store.engine.dialect.name,
    )
    try:
        yield
    finally:
        watching.cancel()
        scheduler.shutdown(wait=False)
        for broker in brokers:
            broker.cancel()
        if stream is not None:
            await stream.stop()
        for worker in workers.values():
            worker.stop()
        if parts.redrafting is not None:
            parts.redrafting.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.jobs.step_down()
        await parts.bus.stop()
        for outside in (*parts.channels.values(), parts.crm):
            if close := getattr(outside, "close", None):
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
    parts.library.search("型好20转/分", k=1)  # a slip and a unit: dictionary and homophones are read now
    parts.registry.serving().read("型号")
    for sheet in parts.signals.sheets.values():
        sheet.compile()
    render("drafts/reply", greeting="", opening="", points=[], bare="", pending="", closing="")
    gc.collect()
    gc.freeze()  # lexicon, index and model stay for good: a full collection would walk them all, again and again


def _checks(app: FastAPI, parts: Parts, roles: frozenset[ServerRole]) -> dict[str, health.Check]:
    """What this process needs for its part."""

    async def database() -> str:
        return await parts.store.read(lambda session: schema.problem(session))

    async def warm() -> str:
        return "index and model are being read in; a moment" if getattr(app.state, "warming", False) else ""

    async def bus() -> str:
        return parts.bus.problem()

    async def knowledge() -> str:
        problems = (await asyncio.to_thread(parts.library.check)).problems
        return "; ".join(problems)

    async def customers() -> str:
        return (
            "" if await parts.crm.directory() else "the CRM has no customers; import some or run `yiju demo`"
        )

    async def disk() -> str:
        return health.too_full(parts.settings.data_dir)

    checks: dict[str, health.Check] = {"warm": warm, "database": database, "bus": bus, "disk": disk}
    if ServerRole.WORKER in roles:
        checks |= {"knowledge": knowledge, "crm": customers}
    return checks


async def _store_away(request: Request, error: Exception) -> Response:
    """Nothing was kept, so nothing is acknowledged: whoever asked comes again, as platforms do by themselves."""
    assert isinstance(error, DBAPIError)
    log.warning("store_away", path=request.url.path.split("/")[1], doing="serve", reason=why_away(error))
    body = {"error": "StoreAway", "message": "the database does not answer just now; send it again"}
    return JSONResponse(body, status_code=503, headers={"Retry-After": "2"})


async def _gone(request: Request, error: Exception) -> Response:
    """Whoever asked gave up before the body was read, as a platform does while a server starts: it comes again."""
    log.info("asker_gone", path=request.url.path.split("/")[1])
    return Response(status_code=400)  # nobody hears it


async def _expected(request: Request, error: Exception) -> Response:
    """An expected refusal: its sentence, as a page for people and as JSON for programs."""
    assert isinstance(error, CopilotError)
    status = next((code for kind, code in HTTP_STATUS.items() if isinstance(error, kind)), 500)
    log.warning("request_refused", path=request.url.path.split("/")[1], status=status, reason=str(error))
    if request.url.path.startswith(("/d/", AT)):
        return page.message(phrase("page_gone") if isinstance(error, NotFound) else str(error), status)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.wait)
    body = {"error": type(error).__name__, "message": str(error)}
    return JSONResponse(body, status_code=status, headers=headers)
