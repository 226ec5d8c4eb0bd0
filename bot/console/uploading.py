"""A place to drop files on, with a name that a screen reader can say."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from nicegui import events, ui

_HEADER = """
<label class="row items-center no-wrap cursor-pointer" style="gap:10px;padding:12px 14px;position:relative">
  <q-icon name="upload_file" size="22px" aria-hidden="true"></q-icon><span>{label}</span><q-uploader-add-trigger></q-uploader-add-trigger>
</label>
"""
_LIST = """
<div v-for="one in props.files.filter(file => file.__status === 'uploading')" :key="one.__key" class="row no-wrap" style="gap:10px;padding:4px 14px">
  <span class="words">{{ one.name }}</span><span class="quiet">{{ one.__progressLabel }}</span>
</div>
"""
"""What is on its way, with how much of it arrived. What became of it the page says itself; Quasar's own list has a button
without a name for each file."""
_NAMED = (
    "document.querySelectorAll('.q-loading-bar').forEach(one => one.setAttribute('aria-label', '正在传送'))"
)
_NAMES = "(entries) => emit(entries.map(one => [one.file.name, one.failedPropValidation]))"


class Rejected(NamedTuple):
    """A file that the browser did not send."""

    name: str
    reason: str


def upload(
    label: str,
    most: int,
    then: Callable[[Any], Any],
    rejected: Callable[[list[Rejected]], Any] | None = None,
    *,
    multiple: bool = False,
) -> ui.upload:
    """Files of at most `most` bytes. A larger one is turned away with a sentence, or told to `rejected`."""
    reasons = {
        "max-file-size": f"文件超过 {most // 1024**2} MB,没有上传",
        "duplicate": "刚才已经选过这个文件",
    }

    def turned_away(event: events.GenericEventArguments) -> None:
        files = [Rejected(name, reasons.get(why, f"浏览器没有上传({why})")) for name, why in event.args]
        if rejected is not None:
            rejected(files)
            return
        for one in files:
            ui.notify(f"「{one.name}」:{one.reason}。", type="warning")

    made = ui.upload(multiple=multiple, auto_upload=True, max_file_size=most, on_upload=then)
    made.props("flat bordered").on("rejected", turned_away, js_handler=_NAMES)
    made.add_slot("header", _HEADER.format(label=escape(label)))
    made.add_slot("list", _LIST)
    ui.run_javascript(_NAMED)
    made.style("width:100%;max-width:640px;border-radius:10px")
    return made
