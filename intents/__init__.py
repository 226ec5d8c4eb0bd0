"""What is wanted: readings of short, sloppy Chinese, and the loop that makes them better."""

from intents.classifier import Classifier
from intents.drift import Drift, Figures, LiveReading, Shift, compare_live, see_live
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
from intents.retraining import Outcome, Paired, Verdict, retrain
from intents.taxonomy import DRIFTS, HIGH_INTENT, IntentInfo, Taxonomy, load_taxonomy
from intents.training import train, train_shipped

__all__ = [
    "DRIFTS",
    "HIGH_INTENT",
    "Abstention",
    "Agreement",
    "Classifier",
    "Drift",
    "Entity",
    "Example",
    "ExamplesUnusable",
    "Figures",
    "Intent",
    "IntentInfo",
    "IntentsError",
    "LabelUnknown",
    "Labels",
    "LiveReading",
    "ModelInfo",
    "ModelUnknown",
    "ModelUnusable",
    "Outcome",
    "Paired",
    "Proposal",
    "Ranked",
    "Reading",
    "Registry",
    "Shift",
    "Span",
    "Speaker",
    "Taxonomy",
    "TaxonomyError",
    "TranscriptUnusable",
    "Verdict",
    "compare_live",
    "find_entities",
    "load",
    "load_taxonomy",
    "mask",
    "read_examples",
    "read_file",
    "read_number",
    "retrain",
    "save",
    "see_live",
    "shipped_examples",
    "shipped_model",
    "train",
    "train_shipped",
]
