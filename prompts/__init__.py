"""Every word a rep, a customer or a language model reads: by name, filled in, and known by hash.

`phrase` fills one of `phrases.yaml`; `render` one of the templates in `drafts/` and `answers/`; `drafts.yaml` frames
replies by intent. A name that is not there, a variable that is missing and one that nothing uses are errors: a card
never shows `{who}`.
"""

from prompts.findings import finding_names, finding_words
from prompts.happenings import EventWords, event_names, event_types, event_words
from prompts.meanings import setting_meanings
from prompts.phrases import phrase, phrase_names
from prompts.replies import ReplyWords, courtesy, greeting, pending, reply_words, tones
from prompts.templates import content_hash, render, template_names
from prompts.text import PromptError

__all__ = [
    "EventWords",
    "PromptError",
    "ReplyWords",
    "content_hash",
    "courtesy",
    "event_names",
    "event_types",
    "event_words",
    "finding_names",
    "finding_words",
    "greeting",
    "pending",
    "phrase",
    "phrase_names",
    "render",
    "reply_words",
    "setting_meanings",
    "template_names",
    "tones",
]
