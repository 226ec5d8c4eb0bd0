"""What is wanted: readings of short, sloppy Chinese, and the loop that makes them better."""

from intents.model import Abstention, Entity, Intent, Ranked, Reading, Span, Speaker

__all__ = ["Abstention", "Entity", "Intent", "Ranked", "Reading", "Span", "Speaker"]
