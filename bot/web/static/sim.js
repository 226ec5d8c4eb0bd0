// The page behind /sim: shows bubbles and cards, sends words and taps. Text is only ever set as text, never as HTML.
"use strict";
const talk = document.getElementById("talk"), text = document.getElementById("text"), person = document.getElementById("person");
let since = 0, shown = new Map(), generation = 0, becoming;

const make = (tag, content, className) => {
  const node = document.createElement(tag);
  if (content !== undefined) node.textContent = content;
  if (className) node.className = className;
  return node;
};
const key = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

async function post(path, body) {
  for (let attempt = 0; ; attempt++) {       // the same key again is the same message, so trying again is safe
    try {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      if (answer.ok) return answer.json();
      if (answer.status < 500 || attempt >= 4) throw new Error(await answer.text());
    } catch (error) {
      if (attempt >= 4) { talk.append(make("p", "没有发出去:" + error.message, "problem")); throw error; }
    }
    await new Promise(resume => setTimeout(resume, 500 * 2 ** attempt));
  }
}

// **bold**, quotes and line breaks are all that words carry
function words(node, source) {
  source = source.replace(/^> ?/gm, "┃ ");
  for (const [at, part] of source.split("**").entries()) node.append(at % 2 ? make("strong", part) : document.createTextNode(part));
  return node;
}

function list(tag, items, draw) {
  const node = make(tag);
  for (const item of items) node.append(draw(item));
  return node;
}

function table(from) {
  const node = make("table"), head = make("tr"), scrolls = make("div", undefined, "scrolls");
  for (const name of from.head) head.append(cell("th", name, "col"));
  node.append(make("thead"), list("tbody", from.rows, ([name, ...values]) => {
    const row = make("tr");
    row.append(cell("th", name, "row"), ...values.map(value => make("td", value)));
    return row;
  }));
  node.tHead.append(head);
  scrolls.tabIndex = 0;
  scrolls.setAttribute("role", "region");
  scrolls.setAttribute("aria-label", "对照表");
  scrolls.append(node);
  return scrolls;
}
function cell(tag, content, scope) { const node = make(tag, content); node.scope = scope; return node; }

// text and tables, as the server took them apart
function blocks(node, told) {
  for (const one of told) node.append(typeof one === "string" ? words(make("p"), one) : table(one));
  return node;
}

function drawCard(card, told) {
  const node = make("article", undefined, "card " + card.tone);
  node.append(make("p", card.subtitle, "quiet"));
  const title = make("h3", card.title + " ");
  if (card.confidence) title.append(make("small", card.confidence));
  node.append(title);
  if (card.status) node.append(make("p", card.status, "status"));
  for (const receipt of card.receipts) node.append(make("p", receipt, "receipt"));
  for (const warning of card.warnings) node.append(make("p", "⚠️ " + warning, "warning"));
  node.append(make("h4", "因为"));
  node.append(list("ol", card.reasons, reason => {
    const item = make("li", reason.text), source = make("small");
    source.append(reason.url ? link(reason.url + "#quoted", reason.source) : document.createTextNode(reason.source));
    item.append(source);
    return item;
  }));
  if (card.unknowns.length) { node.append(make("h4", "还不知道")); node.append(list("ul", card.unknowns, unknown => make("li", unknown))); }
  if (told.length) { node.append(make("h4", "对照")); blocks(node, told); }
  if (card.draft) { node.append(make("h4", "回复草稿")); node.append(make("p", card.draft, "draft")); }
  for (const action of card.actions) {
    node.append(make("h4", action.label));
    const fields = make("dl");
    for (const [label, value] of action.fields) fields.append(make("dt", label), make("dd", value));
    node.append(fields);
  }
  let choice;
  if (card.choices.length) {
    choice = make("select");
    choice.setAttribute("aria-label", card.choices_title);
    choice.append(make("option", card.choices_title));
    choice.firstChild.value = "";
    for (const one of card.choices) { const option = make("option", one.text); option.value = one.id; choice.append(option); }
    node.append(choice);
  }
  const row = make("div", undefined, "row");
  for (const button of card.buttons) {
    const tapped = make("button", button.text, button.tone === "good" ? "good" : button.tone === "warning" ? "bad" : "");
    tapped.onclick = () => button.url ? location.assign(local(button.url)) : tap(row, card, button.key, choice ? choice.value : "");
    row.append(tapped);
  }
  node.append(row, link(card.url, "打开决策页"));
  return node;
}

function drawNotice(notice) {
  const node = make("article", undefined, "card quiet notice"), fields = make("dl");
  node.append(make("p", notice.subtitle, "quiet"), make("h3", notice.title), make("p", notice.figure, "figure"), make("p", notice.figure_name, "quiet"));
  for (const [label, value] of notice.rows) fields.append(make("dt", label), make("dd", value));
  node.append(fields, link(notice.url, notice.button));
  return node;
}

const local = url => { const to = new URL(url, location.href); return to.pathname + to.search + to.hash; };
function link(url, label) { const node = make("a", label); node.href = local(url); return node; }

async function tap(row, card, button, choice) {
  for (const one of row.children) one.disabled = true;
  try { await post("/sim/tap", { key: key(), decision: card.decision, button, version: card.version, content_hash: card.content_hash, choice: button === "correct" ? choice : "" }); }
  finally { for (const one of row.children) one.disabled = false; }
  await look();
}

function show(message) {
  const before = shown.get(message.seq);
  const draw = { card: drawCard, notice: drawNotice }[message.kind];
  const bubble = make("div", undefined, "bubble " + message.kind);
  const node = draw ? draw(message.body, message.blocks) : message.kind === "bot" ? blocks(bubble, message.blocks) : words(bubble, message.body.words);
  if (before) before.replaceWith(node); else talk.append(node);
  shown.set(message.seq, node);
  since = Math.max(since, message.changed);
  return !before;
}

async function look() {
  const mine = generation, answer = await fetch("/sim/messages?since=" + since);
  if (!answer.ok || mine !== generation) return;
  const messages = await answer.json();
  const isNew = messages.map(show).some(Boolean);
  if (isNew) talk.scrollTop = talk.scrollHeight;
}

async function say(wording) {
  if (!wording.trim()) return;
  await becoming; // otherwise it may be said as whoever one was a moment ago
  await post("/sim/say", { key: key(), text: wording });
  await look();
}

async function become(user) {
  generation++; since = 0; shown = new Map(); talk.replaceChildren();
  const { examples } = await post("/sim/as", { person: user });
  document.getElementById("examples").replaceChildren(...examples.map(wording => {
    const example = make("button", wording, "example");
    example.onclick = () => { text.value = wording; text.focus(); };
    return example;
  }));
  await look();
}

person.onchange = () => { becoming = become(person.value); };
document.getElementById("say").onsubmit = event => { event.preventDefault(); const wording = text.value; text.value = ""; say(wording).catch(() => { text.value = wording; }); };
text.onkeydown = event => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); document.getElementById("say").requestSubmit(); } };
becoming = become(person.value);
(async function poll() { try { await becoming; await look(); } catch { /* the server is away: look again */ } setTimeout(poll, 700); })();
