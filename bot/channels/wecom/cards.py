"""The decision-rationale card as a WeCom template card, within every limit of the platform.

"发送应用消息" (path/90236) and "更新模版卡片消息" (path/94888). A card is three things there: an interactive one, the same
with a grey label in place of its buttons (only as an update), and a notice without buttons (only as a new message).
Lengths that the platform calls recommended are kept as limits, since clients cut beyond them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bot.card import Button, Card, CardReason, Choice, Tone
from bot.channels.wecom import labels
from bot.channels.wecom.fit import LONGEST_URL, Fit, size, usable
from bot.channels.wecom.keys import CLOSED, LONGEST_KEY, QUESTION, button_key
from bot.channels.wecom.rows import rows

TITLE, DESCRIPTION, SUBTITLE, SOURCE = 36, 44, 160, 20
BUTTONS, BUTTON_TEXT = 6, 10
CHOICES, CHOICE_TEXT, CHOICE_ID, CHOICES_TITLE = 10, 16, 128, 16
QUOTE_WORDS, QUOTE_REASON, QUOTE_REASONS, LABEL = 100, 70, 4, 30
"""Ours: WeCom names no limit for the quote area and the grey label."""
_STYLES = {Tone.PROPOSAL: 1, Tone.GOOD: 1, Tone.QUIET: 2, Tone.WARNING: 3}
_SOURCE_COLOURS = {Tone.PROPOSAL: 1, Tone.GOOD: 3, Tone.QUIET: 0, Tone.WARNING: 2}
Json = dict[str, Any]


def interactive(card: Card, task: str) -> Json:
    """A card with buttons and dropdown, to be sent."""
    return {
        "card_type": "button_interaction",
        "task_id": task,
        **_content(card, labels.ALL_ABOVE),
        **_controls(card),
    }


def update(card: Card) -> Json:
    """What a sent card turns into; once decided, a grey label stands where the buttons were."""
    if card.buttons:
        return {"card_type": "button_interaction", **_content(card), **_controls(card)}
    label = Fit().line(card.status or card.title, LABEL) or labels.UNTITLED
    # The button list is required even where the label hides it.
    button = {"text": labels.CLOSED, "style": 2, "key": button_key(CLOSED, card)}
    return {
        "card_type": "button_interaction",
        **_content(card),
        "button_list": [button],
        "replace_text": label,
    }


def notice(card: Card) -> Json | None:
    """A card without buttons, to be sent; None where it has no page to open, which WeCom requires."""
    if not (url := usable(card.url)):
        return None
    return {"card_type": "text_notice", **_content(card), "card_action": {"type": 1, "url": url}}


def everything(card: Card) -> str:
    """The whole card as words, for a card that could not say all and has no page to open."""
    reasons = (f"> {_numbered(number, reason)}" for number, reason in enumerate(card.reasons, 1))
    actions = (
        f"{labels.ACTION}：{action.label} " + "；".join(f"{name} {value}" for name, value in action.fields)
        for action in card.actions
    )
    warnings = (f"{labels.WARNING}{warning}" for warning in card.warnings)
    unknowns = (f"{labels.UNKNOWN}：{unknown}" for unknown in card.unknowns)
    draft = f"{labels.DRAFT}\n{card.draft}" if card.draft else ""
    head = (f"**{card.title}**", card.status, card.subtitle)
    return "\n".join(
        line for line in (*head, *reasons, *warnings, *unknowns, *actions, *card.receipts, draft) if line
    )


def says_all(card: Card) -> bool:
    """Whether nothing is cut or left out."""
    fit = Fit()
    _body(card, fit)
    return not rows(card, fit).lost


def _content(card: Card, without_page: str = labels.NOT_ALL) -> Json:
    fit = Fit()
    body = _body(card, fit)
    url = usable(card.url)
    if listed := rows(card, fit).shown(url, without_page):
        body["horizontal_content_list"] = listed
    if url:
        body["card_action"] = {"type": 1, "url": url}
    return body


def _body(card: Card, fit: Fit) -> Json:
    source = {"desc": labels.SOURCE[:SOURCE], "desc_color": _SOURCE_COLOURS[card.tone]}
    body: Json = {"source": source, "main_title": _title(card, fit)}
    if quote := _because(card, fit):
        body["quote_area"] = {"type": 0, "title": labels.BECAUSE, "quote_text": quote}
    if subtitle := _subtitle(card, fit):
        body["sub_title_text"] = subtitle
    return body


def _title(card: Card, fit: Fit) -> Json:
    confidence = f"（{card.confidence}）" if card.confidence and len(card.confidence) < TITLE // 2 else ""
    title = fit.line(card.title, TITLE - len(confidence)) or labels.UNTITLED
    description = fit.line(card.status or _warnings(card), DESCRIPTION)
    return {"title": title + confidence, **({"desc": description} if description else {})}


def _because(card: Card, fit: Fit) -> str:
    """The words that it is about, then the reasons, each with where it stands."""
    lines = [fit.line(card.subtitle, QUOTE_WORDS)]
    for number, reason in enumerate(card.reasons[:QUOTE_REASONS], 1):
        lines.append(fit.line(_numbered(number, reason), QUOTE_REASON))
    fit.lost |= len(card.reasons) > QUOTE_REASONS
    return "\n".join(line for line in lines if line)


def _numbered(number: int, reason: CardReason) -> str:
    source = f"（{reason.source}）" if reason.source else ""
    return " ".join(f"{number}. {reason.text}{source}".split())


def _subtitle(card: Card, fit: Fit) -> str:
    warnings = f"{_warnings(card)}\n" if card.status and card.warnings else ""
    draft = f"{labels.DRAFT}{card.draft.strip()}" if card.draft.strip() else ""
    return fit.text(f"{warnings}{draft}".strip(), SUBTITLE)


def _warnings(card: Card) -> str:
    return labels.WARNING + "；".join(card.warnings) if card.warnings else ""


def _controls(card: Card) -> Json:
    controls: Json = {"button_list": list(_buttons(card))[:BUTTONS]}
    if options := list(_options(card.choices))[:CHOICES]:
        controls["button_selection"] = _selection(card, options)
    return controls


def _buttons(card: Card) -> Iterator[Json]:
    taken: set[str] = set()
    for button in card.buttons:
        drawn = _button(button, card)
        mark = drawn.get("key") or drawn["url"]
        if mark not in taken and size(mark) <= max(LONGEST_KEY, LONGEST_URL):
            taken.add(mark)
            yield drawn


def _button(button: Button, card: Card) -> Json:
    shown = {"text": Fit().line(button.text, BUTTON_TEXT) or labels.OPEN, "style": _STYLES[button.tone]}
    if url := usable(button.url):
        return {"type": 1, **shown, "url": url}
    return {"type": 0, **shown, "key": button_key(button.key, card)}


def _options(choices: Sequence[Choice]) -> Iterator[Json]:
    taken: set[str] = set()
    for choice in choices:
        if 0 < size(choice.id) <= CHOICE_ID and choice.id not in taken:
            taken.add(choice.id)
            yield {"id": choice.id, "text": Fit().line(choice.text, CHOICE_TEXT) or choice.id[:CHOICE_TEXT]}


def _selection(card: Card, options: list[Json]) -> Json:
    title = Fit().line(card.choices_title, CHOICES_TITLE) or labels.CHOOSE
    chosen = card.chosen if any(option["id"] == card.chosen for option in options) else options[0]["id"]
    return {"question_key": QUESTION, "title": title, "option_list": options, "selected_id": chosen}
