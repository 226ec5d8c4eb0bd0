"""The path of an operator's encoder at the full size of bge-small-zh. The weights are random: this proves the path, and
nothing about quality. Another process makes the model, since that needs torch and serving must not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eval.bench.encoder_model import QUESTION, TEXTS, make
from knowledge.pretrained import OnnxEncoder, encoder_for

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "bge-small-zh-random")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> OnnxEncoder:
    found = encoder_for(str(folder))
    assert isinstance(found, OnnxEncoder)
    return found


def test_passages_get_the_vectors_that_the_original_model_gives(folder: Path, encoder: OnnxEncoder) -> None:
    """Together, padded to the longest, cut at 512 tokens: each still as by itself in torch."""
    with np.load(folder / "reference.npz") as reference:
        assert encoder.encode(TEXTS).shape == (len(TEXTS), 512)
        assert np.allclose(encoder.encode(TEXTS), reference["passages"], atol=1e-5)


def test_a_question_is_asked_with_the_instruction_of_the_model_card(
    folder: Path, encoder: OnnxEncoder
) -> None:
    with np.load(folder / "reference.npz") as reference:
        asked = encoder.encode([QUESTION], question=True)[0]
        assert np.allclose(asked, reference["question"], atol=1e-5)
        assert not np.allclose(asked, encoder.encode([QUESTION])[0], atol=1e-3)


def test_many_texts_come_back_in_their_order(encoder: OnnxEncoder) -> None:
    texts = [TEXTS[0][:length] for length in (20, 3, 11, 7, 16, 2) for _ in range(4)]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.allclose(encoder.encode(texts), alone, atol=1e-5)


def test_capitals_of_models_are_not_unknown_to_a_vocabulary_of_small_letters(encoder: OnnxEncoder) -> None:
    """Its own tokenizer makes [UNK] of X200, X350 and dB(A) alike."""
    assert encoder.unknown_share(["X200", "X350", "≤56 dB(A)"]) == 0
    first, second, small = encoder.encode(["X200", "X350", "x200"])
    assert not np.allclose(first, second, atol=1e-3)
    assert np.allclose(first, small, atol=1e-5)


@pytest.mark.parametrize(
    ("files", "prefixed"),
    [
        ({}, True),
        ({"config.json": {"_name_or_path": "bert-base-chinese"}}, False),
        ({"config_sentence_transformers.json": {"prompts": {"query": ""}}}, False),
        ({"config_sentence_transformers.json": {"prompts": {"query": "查询:"}}}, True),
        ({"config_sentence_transformers.json": {"prompts": {}}}, True),
    ],
)
def test_whatever_its_folder_is_called_the_model_says_how_it_is_asked(
    folder: Path, tmp_path: Path, files: dict[str, object], prefixed: bool
) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "encoder"))
    for name, content in files.items():
        (other / name).write_text(json.dumps(content), encoding="utf-8")
    found = OnnxEncoder(other)
    assert (not np.allclose(found.encode(["质保"]), found.encode(["质保"], question=True))) == prefixed


SERVING = """
import sys
from pathlib import Path
from eval.suites.retrieval_cases import Source
from eval.suites.retrieval_run import library_of
from knowledge.pretrained import encoder_for
with library_of([Source(Path(sys.argv[2]), "manual")], encoder_for(sys.argv[1])) as (library, _):
    found = library.search("质保期多久")
    assert "24" in found.evidence[0].passage.text
    assert library.check().ok
print(sorted({"torch", "transformers", "sentence_transformers", "onnx"} & set(sys.modules)))
"""


def test_a_library_serves_with_it_and_no_framework_is_imported(folder: Path, tmp_path: Path) -> None:
    manual = tmp_path / "手册.md"
    manual.write_text("# 说明\n整机质保期为24个月。\n# 噪声\n噪声不大于56分贝。", encoding="utf-8")
    command = [sys.executable, "-c", SERVING, str(folder), str(manual)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]"
