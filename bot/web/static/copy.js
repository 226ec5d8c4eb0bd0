// Copies the draft as it stands, edited or not. Without script the button stays hidden, and the page works as it is.
const draft = document.querySelector("[data-draft]"), line = document.querySelector("[data-copying]");

function select() {
  if (draft.select) draft.select();
  else getSelection().selectAllChildren(draft);
}

async function copy() {
  let copied;
  try {
    await navigator.clipboard.writeText(draft.value ?? draft.textContent);
    copied = true;
  } catch {   // a page without HTTPS, no permission, an old client: the older way, which needs a selection
    select();
    copied = document.execCommand("copy");
  }
  line.querySelector("[role=status]").textContent = copied ? "已复制" : "没能复制,文字已选中,请长按复制";
}

if (draft && line) {
  line.querySelector("button").addEventListener("click", copy);
  line.hidden = false;
}
