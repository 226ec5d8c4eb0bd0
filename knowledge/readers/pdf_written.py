"""What was written onto a PDF page afterwards: values of form fields, and text boxes; comments are counted."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

_PASSWORD = 1 << 13
"""A field's flag (ISO 32000-1, table 228): what stands in it is nobody's to read."""


class Written(NamedTuple):
    lines: list[str]
    comments: int
    """Notes that open with a click."""


def written_on(page: Any, form: Any) -> Written:
    """`form`: the document's form environment; None where it has no form."""
    raw: Any = importlib.import_module("pypdfium2.raw")  # made at import: no types
    lines, comments = dict[str, None](), 0
    hidden = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
    for at in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, at)
        try:
            if raw.FPDFAnnot_GetFlags(annotation) & hidden:
                continue
            subtype = raw.FPDFAnnot_GetSubtype(annotation)
            if subtype == raw.FPDF_ANNOT_WIDGET and form:
                lines |= dict.fromkeys(_field(raw, form, annotation))  # one field may stand there twice
            elif subtype == raw.FPDF_ANNOT_FREETEXT:
                lines |= dict.fromkeys(_lines(_contents(raw, annotation)))
            elif subtype not in {raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_LINK}:
                comments += bool(_contents(raw, annotation).strip())
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return Written(list(lines), comments)


def _field(raw: Any, form: Any, widget: Any) -> Iterator[str]:
    """“name：value”, by the name that a person is shown where there is one; none of what is empty or not ticked."""
    value = "、".join(_lines(_value(raw, form, widget)))
    if value:
        names = (raw.FPDFAnnot_GetFormFieldAlternateName, raw.FPDFAnnot_GetFormFieldName)
        name = next(filter(None, (" ".join(_text(read, form, widget).split()) for read in names)), "")
        yield f"{name}：{value}" if name else value


def _value(raw: Any, form: Any, widget: Any) -> str:
    kind = raw.FPDFAnnot_GetFormFieldType(form, widget)
    if kind in {raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}:
        if chosen := "\n".join(_chosen(raw, form, widget)):
            return chosen
        return _text(raw.FPDFAnnot_GetFormFieldValue, form, widget)
    if kind == raw.FPDF_FORMFIELD_TEXTFIELD:
        secret = raw.FPDFAnnot_GetFormFieldFlags(form, widget) & _PASSWORD
        return "" if secret else _text(raw.FPDFAnnot_GetFormFieldValue, form, widget)
    ticked = raw.FPDFAnnot_IsChecked(form, widget)
    if kind == raw.FPDF_FORMFIELD_CHECKBOX:
        return "已勾选" if ticked else ""
    if kind == raw.FPDF_FORMFIELD_RADIOBUTTON and ticked:
        return _text(raw.FPDFAnnot_GetFormFieldExportValue, form, widget)
    return ""


def _chosen(raw: Any, form: Any, widget: Any) -> Iterator[str]:
    """What a person sees of it: the labels, not what is exported."""
    for at in range(raw.FPDFAnnot_GetOptionCount(form, widget)):
        if raw.FPDFAnnot_IsOptionSelected(form, widget, at):
            yield _text(raw.FPDFAnnot_GetOptionLabel, form, widget, at)


def _contents(raw: Any, annotation: Any) -> str:
    return _text(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")


def _text(read: Any, *about: Any) -> str:
    """PDFium's way with strings: asked once for the size in bytes, once for UTF-16 that ends in a zero."""
    size = read(*about, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(*about, ctypes.cast(buffer, read.argtypes[-2]), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
