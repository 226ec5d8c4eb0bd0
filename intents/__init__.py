"""What is wanted: readings of short, sloppy Chinese, and the loop that makes them better."""

from intents.classifier import Classifier, ModelUnusable, load
from intents.entities import find_entities, read_number
from intents.masking import mask
from intents.model import Abstention, Entity, Intent, Ranked, Reading, Span, Speaker
from intents.taxonomy import IntentInfo, Taxonomy, TaxonomyError, load_taxonomy

__all__ = [
    "Abstention",
    "Classifier",
    "Entity",
    "Intent",
    "IntentInfo",
    "ModelUnusable",
    "Ranked",
    "Reading",
    "Span",
    "Speaker",
    "Taxonomy",
    "TaxonomyError",
    "find_entities",
    "load",
    "load_taxonomy",
    "mask",
    "read_number",
]
