"""What is wanted: readings of short, sloppy Chinese, and the loop that makes them better."""

from intents.classifier import Classifier
from intents.entities import find_entities, read_number
from intents.errors import (
    ExamplesUnusable,
    IntentsError,
    LabelUnknown,
    ModelUnknown,
    ModelUnusable,
    TaxonomyError,
    TranscriptUnusable,
)
from intents.examples import Example, read_examples, read_file, shipped_examples
from intents.labels import Agreement, Labels, Proposal
from intents.masking import mask
from intents.model import Abstention, Entity, Intent, Ranked, Reading, Span, Speaker
from intents.model_file import load, save, shipped_model
from intents.registry import ModelInfo, Registry
from intents.taxonomy import DRIFTS, HIGH_INTENT, IntentInfo, Taxonomy, load_taxonomy
from intents.training import train, train_shipped

__all__ = [
    "DRIFTS",
    "HIGH_INTENT",
    "Abstention",
    "Agreement",
    "Classifier",
    "Entity",
    "Example",
    "ExamplesUnusable",
    "Intent",
    "IntentInfo",
    "IntentsError",
    "LabelUnknown",
    "Labels",
    "ModelInfo",
    "ModelUnknown",
    "ModelUnusable",
    "Proposal",
    "Ranked",
    "Reading",
    "Registry",
    "Span",
    "Speaker",
    "Taxonomy",
    "TaxonomyError",
    "TranscriptUnusable",
    "find_entities",
    "load",
    "load_taxonomy",
    "mask",
    "read_examples",
    "read_file",
    "read_number",
    "save",
    "shipped_examples",
    "shipped_model",
    "train",
    "train_shipped",
]
