"""`eval run --suite retrieval`: a library of its own in a temporary folder, every system on the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import SQLModel, create_engine

from knowledge import AddOutcome, Library
from knowledge.encoder import Encoder
from knowledge.pretrained import encoder_for

from ..case import changed
from . import Options
from .retrieval import Report, System, score
from .retrieval_cases import Source, questions, sources
from .retrieval_systems import LangChainDefault, Production, VectorsAlone, WordsAlone


def run_retrieval(options: Options) -> Report:
    """Production and three baselines; `--model` names an encoder (a folder with model.onnx)."""
    asked, documents = questions(options.cases), sources(options.cases)
    encoder = encoder_for(options.model)
    warning = changed("retrieval/test.jsonl") if options.cases == "test" else None
    with library_of(documents, encoder) as (library, titles):
        langchain = LangChainDefault(documents, titles, library._encoder)
        baselines: dict[str, System] = {
            "BM25 alone": WordsAlone(library),
            "dense alone": VectorsAlone(library),
            "LangChain splitter, Chroma": langchain,
        }
        production = Production(library)
        production.ask("质保多久", None)  # the first question loads the vector index
        scores = [score(production, one) for one in asked]
        others = {name: [score(system, one) for one in asked] for name, system in baselines.items()}
        langchain.close()
    return Report(options.cases, scores, others, (warning,) if warning else ())


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
