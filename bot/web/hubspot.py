"""`POST /hubspot/events`: HubSpot's webhooks, kept before they are answered, looked at afterwards."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from bot.customer_system import records_of
from bot.errors import InvalidInput, NotAuthenticated
from bot.events.intake import Intake
from crm_bridge.adapters.hubspot.webhooks import NoHints, NotFromHubSpot, check, read
from crm_bridge.mapping import Mapping

SYSTEM = "hubspot"
AT = "/hubspot/events"


def routes(intake: Intake, mapping: Mapping, secret: str, public_url: str) -> APIRouter:
    """`public_url`: the address that HubSpot was given, which it signs; behind a proxy ours is another."""
    router = APIRouter(include_in_schema=False)

    @router.post(AT)
    async def hinted(request: Request) -> Response:
        """204: every event is kept, as a hint or, where it cannot be read, as a dead letter: to send it again would help
        nobody. HubSpot sends anything else again, up to ten times within a day."""
        body, query = await request.body(), request.url.query
        url = f"{public_url.rstrip('/')}{AT}{'?' if query else ''}{query}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            check(secret, url, headers, body, intake.clock())
            found = read(body, mapping)
        except NotFromHubSpot as error:
            raise NotAuthenticated(str(error)) from error
        except NoHints as error:
            raise InvalidInput(str(error)) from error
        await intake.hinted(SYSTEM, found.hints, found.broken)
        return Response(status_code=204)

    return router


def mapping_of(crm: Any) -> Mapping | None:
    """What the customer system's records are called; None for a system that sends no webhooks of this kind."""
    found = records_of(crm)
    return found if found and found.system == SYSTEM else None
