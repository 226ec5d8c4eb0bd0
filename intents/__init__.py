"""What is wanted: readings of short, sloppy Chinese, and the loop that makes them better."""

from intents.classifier import Classifier
from intents.company_cues import CompanyCues
from intents.company_files import CompanyFiles, FileKind
from intents.drift import Drift, Figures, LiveReading, Shift, compare_live, see_live
from intents.entities import ENTITY_TYPES, find_entities, read_number
from intents.errors import (
    CueUnknown,
    EncoderUnusable,
    ExamplesUnusable,
    Fault,
    FileOutdated,
    FileRefused,
    IntentsError,
    LabelUnknown,
    ModelUnknown,
    ModelUnusable,
    TaxonomyError,
    TranscriptUnusable,
)
from intents.examples import Example, read_examples, read_file, shipped_examples
from intents.file_checks import Flaw, Problem
from intents.graph import Fact
from intents.labels import Agreement, Labels, Proposal
from intents.masking import mask, mask_people
from intents.meaning import Encoder
from intents.model import Abstention, Entity, Intent, Ranked, Reading, Span, Speaker
from intents.model_file import load, save, shipped_model
from intents.registry import ModelInfo, Registry
from intents.retraining import Outcome, Paired, Verdict, retrain
from intents.taxonomy import DRIFTS, HIGH_INTENT, IntentInfo, Taxonomy, load_taxonomy
from intents.training import train, train_shipped

__all__ = [
    "DRIFTS",
    "ENTITY_TYPES",
    "HIGH_INTENT",
    "Abstention",
    "Agreement",
    "Classifier",
    "CompanyCues",
    "CompanyFiles",
    "CueUnknown",
    "Drift",
    "Encoder",
    "EncoderUnusable",
    "Entity",
    "Example",
    "ExamplesUnusable",
    "Fact",
    "Fault",
    "Figures",
    "FileKind",
    "FileOutdated",
    "FileRefused",
    "Flaw",
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
    "Problem",
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
    "mask_people",
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
