"""A labelled utterance, read as it was said: the same speaker, the same turns before it, the same industry."""

from __future__ import annotations

from intents.classifier import Classifier
from intents.examples import Example
from intents.model import Reading


def read_labelled(classifier: Classifier, case: Example) -> Reading:
    return classifier.read(
        case.text, speaker=case.speaker, context=case.context, industry=case.industry or None
    )
