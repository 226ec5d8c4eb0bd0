"""Every word a rep, a customer or a language model reads: by name, filled in, and known by hash.

`phrase` fills one of `phrases.yaml`; `render` one of the templates in `drafts/` and `answers/`; `drafts.yaml` frames
replies by intent. A name that is not there, a variable that is missing and one that nothing uses are errors: a card
never shows `{who}`.
"""

from prompts.phrases import phrase, phrase_names
from prompts.replies import ReplyWords, greeting, pending, reply_words, tones
from prompts.templates import content_hash, render, template_names
from prompts.text import PromptError

__all__ = [
    "PromptError",
    "ReplyWords",
    "content_hash",
    "greeting",
    "pending",
    "phrase",
    "phrase_names",
    "render",
    "reply_words",
    "template_names",
    "tones",
]
