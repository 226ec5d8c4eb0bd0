// Words selected in the utterance (`.utterance`), by mouse, finger or arrow keys, are told to the page as `words_selected`.
(() => {
  const utterance = () => document.querySelector('.utterance');
  const typing = (node) => !!node?.closest?.('input, textarea, [contenteditable], .q-menu, .q-dialog');
  let toldLast = '', choosing = false, later = 0;

  const place = (root, node, offset) => {
    const range = document.createRange();
    range.selectNodeContents(root);
    range.setEnd(node, offset);
    return range.toString().length;
  };

  const selected = () => {
    const root = utterance(), selection = getSelection();
    if (!root || !selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    if (!root.contains(range.startContainer) || !root.contains(range.endContainer)) return null;
    return [place(root, range.startContainer, range.startOffset), place(root, range.endContainer, range.endOffset)];
  };

  const tell = () => {
    const found = selected();
    if (!found && choosing) return; // a tap on a type takes the selection away before it is heard
    const told = found ? found.join() : '';
    if (told === toldLast) return;
    toldLast = told;
    emitEvent('words_selected', found ?? []);
  };

  const select = (start, end) => {
    const range = document.createRange(), walker = document.createTreeWalker(utterance(), NodeFilter.SHOW_TEXT);
    let at = 0, begun = false;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const length = node.data.length;
      if (!begun && start < at + length) { range.setStart(node, start - at); begun = true; }
      if (begun && end <= at + length) { range.setEnd(node, end - at); break; }
      at += length;
    }
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  // Positions between characters as people count them: an emoji is one.
  const edges = (text) => {
    const found = [0];
    for (const one of text) found.push(found.at(-1) + one.length);
    return found;
  };

  const arrow = (event, forward) => {
    const root = utterance(), step = forward ? 1 : -1;
    const at = edges(root.textContent), last = at.length - 1;
    const nearest = (position) => at.findLastIndex((one) => one <= position);
    const now = selected()?.map(nearest);
    let [start, end] = now ?? (forward ? [-1, 0] : [last, last + 1]);
    if (event.shiftKey && now) end = Math.min(Math.max(end + step, start + 1), last);
    else { start = Math.min(Math.max(start + step, 0), last - 1); end = start + 1; }
    select(at[start], at[end]);
  };

  document.addEventListener('keydown', (event) => {
    if (!utterance() || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      arrow(event, event.key === 'ArrowRight');
      event.preventDefault();
    } else if (event.key === 'Escape') {
      getSelection().removeAllRanges(); // at once: the next key may come before the page's answer
    }
  });
  document.addEventListener('pointerdown', (event) => { choosing = !!event.target.closest?.('.entity-types'); });
  document.addEventListener('selectionchange', () => { clearTimeout(later); later = setTimeout(tell, 120); });
  window.forgetSelection = () => {
    const newer = selected()?.join() !== toldLast; // whoever has selected something else by now keeps it
    toldLast = '';
    if (!newer) getSelection().removeAllRanges();
  };
})();
