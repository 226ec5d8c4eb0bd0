"""Pages of documents as pictures, for who may see the passage that is marked on them. Behind the console's gate."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.console import listing
from bot.console.document_sight import MISSING, document_of, sight_of
from bot.console.frame import Console
from bot.console.gate import AT
from bot.errors import NotFound
from bot.people import Person
from bot.reading_rights import may_show, reader_of
from knowledge import Passage


def routes(console: Console) -> APIRouter:
    router = APIRouter(prefix=AT, include_in_schema=False)
    library = console.parts.library

    async def passage_of(ref: str) -> Passage:
        found = await asyncio.to_thread(library.passage, ref)
        if found is None:
            raise NotFound(MISSING)
        return found

    async def picture(ref: str) -> Response:
        drawn = await asyncio.to_thread(library.page_image, ref)
        if drawn is None:
            raise NotFound("这一段没有可以看的页面。")
        return Response(drawn, media_type="image/png", headers={"Cache-Control": "no-store"})

    @router.get("/documents/{document}/page-image/{passage}")
    async def of_document(request: Request, document: str, passage: str) -> Response:
        viewer: Person = request.scope["state"]["person"]
        await document_of(console, await sight_of(console, viewer), document)
        found = await passage_of(passage)
        if found.citation.document_id != document:
            raise NotFound(MISSING)
        return await picture(passage)

    @router.get("/decisions/{decision}/page-image/{passage}")
    async def of_decision(request: Request, decision: str, passage: str) -> Response:
        viewer: Person = request.scope["state"]["person"]
        opened = await console.read(lambda session: listing.open_one(session, viewer, decision))
        found = await passage_of(passage)
        if opened is None or not may_show(found, opened.customer, reader_of(viewer)):
            raise NotFound(MISSING)
        return await picture(passage)

    return router
