"""What manuals and contracts say: documents in, citable passages out."""

from knowledge.model import Citation, DocumentKind, Evidence, Findings, Passage

__all__ = ["Citation", "DocumentKind", "Evidence", "Findings", "Passage"]
