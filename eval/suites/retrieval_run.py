"""`eval run --suite retrieval`: a library of its own in a temporary folder, every system on the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import SQLModel, create_engine

from knowledge import AddOutcome, Library
from knowledge.encoder import Encoder
from knowledge.fusion import VECTORS
from knowledge.pretrained import encoder_for

from ..case import changed
from . import Options
from .retrieval import Report, Score, System, score
from .retrieval_cases import Asked, Source, questions, sources
from .retrieval_posed import MOST, pose, recorded
from .retrieval_public import read_set
from .retrieval_systems import LangChainDefault, Production, Reweighed, VectorsAlone, WordsAlone


def run_retrieval(options: Options) -> Report:
    """Production and three baselines; `--model` names an encoder (a folder with model.onnx), `--data` a public set.

    Production leaves the vectors of a named encoder out, as a library does that has no questions to choose by; further
    rows show what they are worth."""
    if options.data:
        with TemporaryDirectory() as folder:
            public = read_set(Path(options.data), Path(folder))
            return _compared(Path(options.data).name, public.questions, public.sources, options.model)
    warning = changed("retrieval/test.jsonl") if options.cases == "test" else None
    report = _compared(options.cases, questions(options.cases), sources(options.cases), options.model)
    return replace(report, warnings=(warning,) if warning else ())


def _compared(name: str, asked: Sequence[Asked], documents: Sequence[Source], model: str) -> Report:
    encoder = encoder_for(model)
    with library_of(documents, encoder) as (library, titles):
        langchain = LangChainDefault(documents, titles, library._encoder)
        baselines: dict[str, System] = {
            "BM25 alone": WordsAlone(library),
            "dense alone": VectorsAlone(library),
            "LangChain splitter, Chroma": langchain,
            **(
                {f"vectors count {one}": Reweighed(library, one) for one in VECTORS["dense"] if one}
                if model
                else {}
            ),
        }
        production = Production(library)
        production.ask("质保多久", None)  # the first question loads the vector index
        scores = [score(production, one) for one in asked]
        others = {name: [score(system, one) for one in asked] for name, system in baselines.items()}
        langchain.close()
    if path := recorded(name):
        others[f"with {MOST} recorded questions each"] = _with_questions(asked, documents, encoder, path)
    return Report(name, scores, others)


def _with_questions(
    asked: Sequence[Asked], documents: Sequence[Source], encoder: Encoder | None, path: Path
) -> list[Score]:
    """Production, where a language model had written questions for every passage."""
    with library_of(documents, encoder) as (library, _):
        pose(library, path)
        production = Production(library)
        return [score(production, one) for one in asked]


@contextmanager
def library_of(
    documents: Sequence[Source], encoder: Encoder | None = None
) -> Iterator[tuple[Library, dict[str, str]]]:
    """A library with the documents in it, and each file's title. Raises `ValueError` for one that is refused."""
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/eval.db")
        SQLModel.metadata.create_all(engine)
        library = Library(engine, Path(folder), embedder=encoder)
        try:
            yield library, {one.path.name: _add(library, one) for one in documents}
        finally:
            library.close()
            engine.dispose()


def _add(library: Library, source: Source) -> str:
    added = library.add(
        source.path, kind=source.kind, title=source.title, version=source.version, customer=source.customer
    )
    if added.outcome is AddOutcome.REFUSED:
        raise ValueError(f"{source.path.name}: {added.detail}")
    return added.title
