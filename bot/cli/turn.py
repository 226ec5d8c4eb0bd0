"""`yiju ask`: one turn in the terminal. The decision is saved and its page can be opened; no card is sent."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.opening import open_parts
from bot.customers import Meant
from bot.errors import InvalidInput, NotFound
from intents import Abstention, Intent, Speaker
from prompts import phrase

if TYPE_CHECKING:
    from bot.app import Parts
    from bot.card import Card
    from bot.conversation import Turn
    from bot.customers import Directory
    from bot.decision import Decision
    from bot.people import Person

CHANNEL = "terminal"


def ask(
    text: Annotated[str, typer.Argument(help="what a customer or a rep said; 客户X说:… is taken apart")],
    customer: Annotated[str, typer.Option(help="whom it is about: name, short name or account id")] = "",
    by: Annotated[
        str, typer.Option("--as", help="the rep who asks; the customer's owner where left out")
    ] = "",
    speaker: Annotated[
        Speaker | None, typer.Option(help="whose words they are; told from the words where left out")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else there")] = False,
) -> None:
    """One turn: the words are read, grounds are found, and the decision is printed."""
    parts = open_parts()
    try:
        asyncio.run(_ask(parts, text, customer, by, speaker, as_json))
    finally:
        parts.store.close()


async def _ask(
    parts: Parts, text: str, customer: str, by: str, speaker: Speaker | None, as_json: bool
) -> None:
    from bot.listening import READ_ONLY

    turn, person = await _turn(parts, text, customer, by, speaker)
    reading = parts.copilot.read(turn)
    asked = reading.best.intent
    if turn.speaker is Speaker.REP and reading.abstained is Abstention.OUT_OF_SCOPE:
        _print_answer(phrase("rep_out_of_scope"), asked, reading.confidence, as_json)
        return
    if turn.speaker is Speaker.REP and asked in READ_ONLY:
        answer = await parts.copilot.answer(turn, Intent(asked), person)
        _print_answer(answer, asked, reading.confidence, as_json)
        return
    if turn.speaker is Speaker.REP and asked == "smalltalk":
        _print_answer(phrase("only_emoji"), asked, reading.confidence, as_json)
        return
    decision = await parts.copilot.propose(turn, person, reading)
    _save(parts, turn, decision)
    with parts.store.look() as session:
        decision, card = parts.cards.load(session, decision.id)
    if as_json:
        from bot.decisions import as_json as plain

        print(json.dumps({**plain(decision), "url": card.url}, ensure_ascii=False))
    else:
        _print_card(card)


async def _turn(
    parts: Parts, text: str, customer: str, by: str, speaker: Speaker | None
) -> tuple[Turn, Person]:
    from bot import people
    from bot.conversation import ConversationId, Turn, TurnId
    from bot.customers import sight
    from bot.people import Role
    from bot.understanding import understand
    from bot.words import has_words

    if not has_words(text):
        raise InvalidInput("there are no words to read; give the customer's or the rep's words as TEXT")
    with parts.store.look() as session:
        everyone = people.everyone(session)
    reps = [one for one in everyone if one.role in {Role.REP, Role.MANAGER}]
    if not reps:
        raise NotFound(
            "there is no rep yet; run `yiju demo --prepare-only` or `yiju users add NAME --role rep`"
        )
    asking = next((one for one in reps if by in {one.id, one.name}), None)
    if by and asking is None:
        raise NotFound(f"there is no rep {by!r}; `yiju users list` shows who there is")
    viewer = asking or next((one for one in everyone if one.role is Role.ADMIN), reps[0])
    with parts.store.look() as session:
        may_see = sight(session, viewer)
    directory = await parts.desk.customers.of(viewer, may_see)
    understood = understand(text, "", directory, frozenset(one.name for one in everyone))
    said, meant = understood.said, _named(directory, customer) if customer else understood.meant
    if meant.choices:
        fit = ", ".join(one.name for one in meant.choices)
        raise InvalidInput(f"several customers fit: {fit}; say which with --customer")
    if meant.forbidden:
        owner = meant.forbidden.owner
        raise InvalidInput(f"{meant.forbidden.name} belongs to {owner}; ask --as {owner}")
    whose = speaker or (Speaker.CUSTOMER if customer and not by else said.speaker)
    words = said.text if whose is said.speaker else text
    named, customer = meant.account, meant.unknown or customer
    person = asking or next((one for one in reps if named and one.id == named.owner), reps[0])
    turn = Turn(
        id=TurnId(f"{CHANNEL}:{uuid.uuid4().hex[:16]}"),
        conversation=ConversationId(f"{CHANNEL}:{person.id}"),
        channel=CHANNEL,
        rep=person.id,
        speaker=whose,
        text=words,
        at=parts.clock(),
        customer=named.id if named else None,
        customer_name=named.short_name if named else customer,
        industry=named.industry if named else "",
    )
    return turn, person


def _named(directory: Directory, customer: str) -> Meant:
    """By account id or by name; whom the CRM does not know is called as given."""
    account = directory.by_id.get(customer)
    meant = Meant(account=account) if account else directory.meant(hint=customer)
    return Meant(unknown=customer) if meant.nobody else meant


def _save(parts: Parts, turn: Turn, decision: Decision) -> None:
    with parts.store.begin() as session:
        parts.desk.keep_turn(session, turn, turn.id, "card")
        parts.desk.record(session, decision)


def _print_answer(answer: str, intent: str, confidence: float, as_json: bool) -> None:
    if as_json:
        found: dict[str, Any] = {"answer": answer, "intent": intent, "confidence": round(confidence, 4)}
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print_words(answer)


def _print_words(words: str) -> None:
    """Words as they stand, a table in columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Columns
    from rich.text import Text

    from bot.markdown_table import Table, blocks

    for one in blocks(words):
        if isinstance(one, Table):
            columns = Columns(box=box.SIMPLE_HEAD, pad_edge=False)
            for name in one.head:
                columns.add_column(Text(name), overflow="fold")  # a text, so that nothing in it is markup
            for row in one.rows:
                columns.add_row(*map(Text, row))
            Console().print(columns)
        else:
            print(one)


def _print_card(card: Card) -> None:
    """The card as text, in the order a phone shows it."""
    out = sys.stdout.write
    out(f"{card.subtitle}\n【{card.title}】{card.confidence}\n\n因为\n")
    for number, reason in enumerate(card.reasons, 1):
        out(f"  {number}. {reason.text}\n     —— {reason.source}\n")
    for label, lines in (("还不知道", card.unknowns), ("注意", card.warnings)):
        if lines:
            out(f"{label}\n" + "".join(f"  · {line}\n" for line in lines))
    if card.compared:
        out("\n对照\n")
        _print_words(card.compared)
    if card.draft:
        out("\n草稿\n" + "".join(f"  {line}\n" for line in card.draft.splitlines()))
    for action in card.actions:
        out(f"\n操作:{action.label}\n" + "".join(f"  {label}:{value}\n" for label, value in action.fields))
    out(f"\n{card.url}\n")
