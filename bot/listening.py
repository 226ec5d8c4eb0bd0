"""Words of a rep in chat: their own, or a customer's pasted in. They end in a card, an answer, or a question back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlmodel import Session

from bot import decisions, people, turns
from bot.channels import Heard
from bot.conversation import ConversationId, Turn, TurnId
from bot.customers import Directory, Meant, sight
from bot.decision import Decision, DecisionId
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.metrics import TURN
from bot.people import Person, Role
from bot.tables import ConversationRow, DeliveryRow
from bot.understanding import names_only, resume, understand
from bot.words import LONGEST, Said, asks_for_help, has_words, take_apart
from crm_bridge import AccountId, AccountName, CrmUnavailable, NameIndex
from intents import Abstention, Intent, Reading, Speaker
from prompts import phrase

log = structlog.get_logger()
READ_ONLY = frozenset({"lookup_customer", "ask_knowledge"})
NEEDS_CUSTOMER = frozenset({"lookup_customer", "record_crm", "schedule"})
MAY_DECIDE = frozenset({Role.REP, Role.MANAGER})
_OPTIONS = {"wecom": "--wecom {}", "wecom_bot": "--wecom {}", "dingtalk": "--dingtalk {}", "sim": ""}
"""How `yiju users add` is told of a person's address; the simulator's people are called by their own id."""


@dataclass(frozen=True)
class Known:
    """What the store says before anything is read: who speaks, the thread, its cards, our people."""

    person: Person | None
    thread: ConversationRow
    open: Sequence[Decision]
    carded: Sequence[turns.Carded]
    may_see: Callable[[str], bool]
    ours: frozenset[str]
    """How our own people are called in a pasted record; read only where there may be one."""


@dataclass(frozen=True)
class Spoken:
    """A turn with what it came from: deliveries, the words as taken apart, who spoke, the open card it goes on with."""

    rows: Sequence[DeliveryRow]
    heard: Heard
    person: Person
    said: Said
    turn: Turn
    before: Decision | None


@dataclass(frozen=True)
class Question:
    """Words back to the rep instead of a card; `pending` is what their answer will be about."""

    words: str
    pending: dict[str, Any]


class Listener:
    """Works `Heard` deliveries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        heard = _heard(rows[0])
        known = await self._desk.store.read(lambda session: self._look(session, rows[0], heard))
        if known.person is None:
            await self._stranger(rows[0], heard, known)
        elif asks_for_help(heard.text):
            await self._desk.answer(rows[:1], heard.sender, phrase("help"))
        elif not has_words(heard.text + heard.quoted):
            words = phrase("only_emoji" if heard.text.strip() else "empty")
            await self._desk.answer(rows[:1], heard.sender, words)
        else:
            await self._listen(rows, heard, known, known.person)

    def _look(self, session: Session, row: DeliveryRow, heard: Heard) -> Known:
        person = people.by_address(session, row.channel, heard.sender)
        everyone = people.everyone(session) if "\n" in heard.text else ()
        rep = person.id if person else ""
        thread = turns.conversation(session, heard.conversation, row.channel, rep, self._desk.clock())
        return Known(
            person,
            thread,
            decisions.open_in(session, ConversationId(heard.conversation)),
            turns.carded(session, heard.conversation, self._desk.clock()),
            sight(session, person) if person else lambda owner: False,
            frozenset(one.name for one in everyone) | {heard.sender_name},
        )

    async def _stranger(self, row: DeliveryRow, heard: Heard, known: Known) -> None:
        """They are told whom to ask; the admins hear of it once a day."""
        admins = "、".join(one.name for one in await self._desk.store.read(people.admins)) or "管理员"
        called = f"({heard.sender_name})" if heard.sender_name else ""
        option = _OPTIONS.get(row.channel, "{}").format(heard.sender)
        notice = phrase(
            "stranger_notice", channel=row.channel, address=heard.sender, called=called, option=option
        )

        def save(session: Session) -> None:
            desk, now = self._desk, self._desk.clock()
            desk.say(session, row, heard.sender, phrase("stranger", admins=admins, address=heard.sender))
            for admin in people.admins(session):
                if channel := desk.outbox.channel_of(admin):
                    key = f"stranger:{row.channel}:{heard.sender}:{admin.id}:{now.date()}"
                    desk.outbox.say(session, admin, channel, notice, key, now)
            desk.finish(session, [row])

        await self._desk.store.write(save)

    async def _listen(self, rows: Sequence[DeliveryRow], heard: Heard, known: Known, person: Person) -> None:
        directory = await self._directory(known, person)
        understood = resume(heard.text, known.thread.pending, directory, known.ours) or understand(
            heard.text, heard.quoted, directory, known.ours, about_somebody=bool(known.thread.customer)
        )
        said, meant = understood.said, understood.meant
        if not understood.resumed and names_only(heard.text, meant, directory):
            await self._named(rows[0], heard, known, person, meant)
            return
        if question := await self._question(said, meant, heard):
            await self._ask(rows[0], heard, person, question)
            return
        rows, said = _joined(rows, said, known)
        turn = self._turn(rows[0], heard, known, person, said, meant)
        if about := directory.by_id.get(turn.customer or ""):
            turn = replace(turn, industry=about.industry)
        before = self._extends(known, turn)
        if before is not None:
            turn = replace(turn, text=turns.extended(before, turn.text))
        earlier, card = turns.before(known.carded, turn.customer, but=before)
        turn = replace(turn, earlier=earlier, card_before=card)
        await self._respond(Spoken(rows, heard, person, said, turn, before))

    async def _directory(self, known: Known, person: Person) -> Directory:
        try:
            return await self._desk.customers.of(person, known.may_see)
        except CrmUnavailable as asleep:
            log.warning("directory_unavailable", reason=str(asleep))
            return Directory(NameIndex(()), frozenset(), {})

    async def _question(self, said: Said, meant: Meant, heard: Heard) -> Question | None:
        """What must be asked or said before the words can be worked."""
        if meant.choices:
            lines = "\n".join(f"{number}. {one.name}" for number, one in enumerate(meant.choices[:9], 1))
            choices = [str(one.id) for one in meant.choices[:9]]
            return Question(phrase("which_customer", choices=lines), _pending(heard, choices))
        if theirs := meant.forbidden:
            owner = await self._desk.store.read(lambda session: people.name_of(session, theirs.owner))
            words = phrase("not_your_customer", customer=meant.forbidden.short_name, owner=owner)
            return Question(words, {})
        if meant.near and said.speaker is Speaker.REP:
            near = "、".join(one.name for one in meant.near)
            return Question(phrase("did_you_mean", name=meant.unknown, choices=near), _pending(heard, []))
        return None

    async def _ask(self, row: DeliveryRow, heard: Heard, person: Person, question: Question) -> None:
        def save(session: Session) -> None:
            now = self._desk.clock()
            thread = turns.conversation(session, heard.conversation, row.channel, person.id, now)
            turns.keep(session, thread, now, pending=question.pending)
            self._desk.say(session, row, heard.sender, question.words)
            self._desk.finish(session, [row])

        await self._desk.store.write(save)

    async def _named(
        self, row: DeliveryRow, heard: Heard, known: Known, person: Person, meant: Meant
    ) -> None:
        """Only a customer's name: what the open card lacked, or what comes next is about."""
        account = meant.account
        assert account is not None
        lacking = next((one for one in known.open if one.customer is None and one.rep == person.id), None)
        if lacking is None:
            await self._remember(row, heard, person, account)
            return
        turn = await self._desk.store.read(lambda session: turns.of(session, lacking))
        turn = replace(turn, customer=account.id, customer_name=account.short_name, industry=account.industry)
        # read again: what a false alarm costs differs by the customer's industry. What a rep said is meant stands
        reading = self._desk.copilot.read(turn)
        told = lacking.intent if lacking.told else None
        decision = await self._desk.copilot.propose(turn, person, reading, told, lacking.id)

        def save(session: Session) -> None:
            self._desk.propose(session, decision, person, lacking, "customer_named")
            self._about(session, row, heard, person, account)
            self._desk.finish(session, [row])

        await self._desk.store.write(save)

    async def _remember(self, row: DeliveryRow, heard: Heard, person: Person, account: AccountName) -> None:
        def save(session: Session) -> None:
            self._about(session, row, heard, person, account)
            words = phrase("customer_and_then", customer=account.short_name)
            self._desk.say(session, row, heard.sender, words)
            self._desk.finish(session, [row])

        await self._desk.store.write(save)

    def _about(
        self, session: Session, row: DeliveryRow, heard: Heard, person: Person, account: AccountName
    ) -> None:
        """From now on the thread is about this customer."""
        now = self._desk.clock()
        thread = turns.conversation(session, heard.conversation, row.channel, person.id, now)
        turns.keep(session, thread, now, customer=account.id, customer_name=account.short_name, pending={})

    def _turn(
        self, row: DeliveryRow, heard: Heard, known: Known, person: Person, said: Said, meant: Meant
    ) -> Turn:
        customer = AccountId(known.thread.customer) if known.thread.customer else None
        name = known.thread.customer_name
        if meant.account:
            customer, name = meant.account.id, meant.account.short_name
        elif meant.unknown:
            customer, name = None, meant.unknown
        return Turn(
            id=TurnId(row.key),
            conversation=ConversationId(heard.conversation),
            channel=row.channel,
            rep=person.id,
            speaker=said.speaker,
            text=said.text,
            at=heard.at,
            customer=customer,
            customer_name=name,
        )

    def _extends(self, known: Known, turn: Turn) -> Decision | None:
        """The open card whose turn these words go on with; not one that a rep corrected: what they said of it stands."""
        if turn.speaker is not Speaker.CUSTOMER:
            return None
        since = self._desk.clock() - self._desk.extend_within
        for one in known.open:
            same = one.speaker is Speaker.CUSTOMER and one.rep == turn.rep
            if same and one.customer == turn.customer and one.customer_name == turn.customer_name:
                return one if one.created_at >= since and not one.told else None
        return None

    async def _respond(self, spoken: Spoken) -> None:
        reading = self._desk.copilot.read(spoken.turn)
        turn, heard, rows = spoken.turn, spoken.heard, spoken.rows
        asked = _asked(turn, reading)
        if turn.speaker is Speaker.REP and turn.customer is None and asked in NEEDS_CUSTOMER:
            named = turn.customer_name
            words = phrase("no_such_customer", name=named) if named else phrase("whose_customer")
            await self._ask(rows[0], heard, spoken.person, Question(words, _pending(heard, [])))
        elif asked in READ_ONLY:
            await self._answer(spoken, Intent(asked))
        elif turn.speaker is Speaker.REP and asked == "smalltalk":
            await self._desk.answer(rows, heard.sender, phrase("only_emoji"))
        elif turn.speaker is Speaker.REP and reading.abstained is Abstention.OUT_OF_SCOPE:
            await self._desk.answer(rows, heard.sender, phrase("rep_out_of_scope"))
        elif spoken.person.role not in MAY_DECIDE:
            role = phrase(f"role_{spoken.person.role.value}")
            await self._desk.answer(rows, heard.sender, phrase("not_a_rep", role=role))
        else:
            await self._propose(spoken, reading)

    async def _answer(self, spoken: Spoken, intent: Intent) -> None:
        with TURN.labels("answer").time():
            words = await self._desk.copilot.answer(spoken.turn, intent, spoken.person)

        def save(session: Session) -> None:
            self._desk.keep_turn(session, spoken.turn, spoken.rows[0].key, "answered", words)
            self._desk.say(session, spoken.rows[0], spoken.heard.sender, words)
            self._desk.finish(session, spoken.rows)

        await self._desk.store.write(save)

    async def _propose(self, spoken: Spoken, reading: Reading) -> None:
        turn, person, before, row = spoken.turn, spoken.person, spoken.before, spoken.rows[0]
        with TURN.labels("card").time():
            follows = DecisionId(before.id) if before else None
            decision = await self._desk.copilot.propose(turn, person, reading, follows=follows)

        def save(session: Session) -> None:
            self._desk.keep_turn(session, turn, row.key, "card")
            people.remember_channel(session, person, turn.channel)
            self._desk.propose(session, decision, person, before, "newer_words")
            if spoken.said.cut:
                self._desk.say(session, row, spoken.heard.sender, phrase("cut", limit=LONGEST))
            self._desk.finish(session, spoken.rows)

        await self._desk.store.write(save)
        log.info(
            "proposed", decision=decision.id, turn=turn.id, intent=decision.intent or "asks", rep=person.id
        )


def _heard(row: DeliveryRow) -> Heard:
    outcome = outcome_of(row)
    assert isinstance(outcome, Heard)
    return outcome


def _joined(rows: Sequence[DeliveryRow], said: Said, known: Known) -> tuple[Sequence[DeliveryRow], Said]:
    """A burst that piled up while another turn was worked: further words of the same customer in the same turn."""
    if said.speaker is not Speaker.CUSTOMER:
        return rows[:1], said
    taken, utterances = [rows[0]], list(said.utterances)
    for row in rows[1:]:
        outcome = outcome_of(row)
        if not isinstance(outcome, Heard) or outcome.sender != _heard(rows[0]).sender:
            break
        more = take_apart(outcome.text, known.ours, outcome.quoted)
        if more.speaker is not Speaker.CUSTOMER or more.hint not in {"", said.hint}:
            break
        taken.append(row)
        utterances += more.utterances
    return taken, replace(said, utterances=tuple(utterances))


def _asked(turn: Turn, reading: Reading) -> str:
    """What a rep's words ask for. Reading is harmless, so a doubtful question is answered rather than asked back."""
    if turn.speaker is not Speaker.REP or reading.abstained is Abstention.OUT_OF_SCOPE:
        return ""
    best = reading.best.intent
    return str(best) if reading.intent is not None or best in READ_ONLY else ""


def _pending(heard: Heard, choices: list[str]) -> dict[str, Any]:
    return {"text": heard.text, "quoted": heard.quoted, "choices": choices}
