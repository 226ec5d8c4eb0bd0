"""Transcript exports → masked turns → clusters, suggested intents and cues → a trainer's review. Nothing here serves."""

from intents.sandbox.mining import mine, queue, worth_a_look
from intents.sandbox.model import Cluster, Line, Mined, MinedCue, Side, Suggestion, Turn
from intents.sandbox.review import check_place, records, settle_review, write_review
from intents.sandbox.transcript import read_transcript
from intents.sandbox.turns import turns

__all__ = [
    "Cluster",
    "Line",
    "Mined",
    "MinedCue",
    "Side",
    "Suggestion",
    "Turn",
    "check_place",
    "mine",
    "queue",
    "read_transcript",
    "records",
    "settle_review",
    "turns",
    "worth_a_look",
    "write_review",
]
