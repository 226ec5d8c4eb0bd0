// The page in WeCom's chat toolbar: asks WeCom with whom the rep talks, and puts a confirmed draft into that chat.
"use strict";
const page = document.getElementById("sidebar"), sdk = JSON.parse(page.dataset.sdk);
const APIS = ["getContext", "getCurExternalContact", "sendChatMessage"];
const ENTRIES = ["single_chat_tools", "contact_profile", "single_kf_tools"];   // elsewhere there is no one contact
const PATIENCE = 8000;   // outside WeCom's client the SDK simply never answers

class Refused extends Error {
  constructor(when, code) { super(code || when); this.when = when; }
}

const hideAll = () => page.querySelectorAll("[data-when], #code").forEach(one => { one.hidden = true; });

function show(when) {
  hideAll();
  const words = page.querySelector(`[data-when~="${when}"]`);
  words.hidden = false;
  return words;
}

// What the SDK's own words mean; clients spell them differently ("fail no permission", "fail_no permission", "permission denied").
function meaning(words, otherwise) {
  if (/permission/i.test(words)) return "no-permission";
  if (/without.context/i.test(words)) return "no-contact";
  if (/cancel/i.test(words)) return "cancelled";
  if (/not.exist|not.support|not.implement|not a function/i.test(words)) return "old-client";
  return otherwise;
}

function tell(error, prefix = "") {
  const words = show(prefix + (error.when || "failed")), code = document.getElementById("code");
  code.textContent = error.message;   // for whoever has to mend it
  code.hidden = error.message === error.when || error.when === "no-contact" || error.when === "cancelled";
  words.after(code);
  document.getElementById("looking")?.remove();
}

function answered(start, otherwise) {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Refused(otherwise, "no answer")), PATIENCE);
    start(value => { clearTimeout(late); done(value); }, error => { clearTimeout(late); fail(error); });
  });
}

const invoke = (name, args = {}) => answered((done, fail) => wx.invoke(name, args, answer => {
  const words = answer.err_msg || answer.errMsg || "";
  if (words === `${name}:ok`) done(answer); else fail(new Refused(meaning(words, "failed"), words));
}), "failed");

async function connect() {
  if (!sdk) return false;
  if (!window.wx || !wx.config) throw new Refused("no-sdk");
  await answered((done, fail) => {
    wx.config({ beta: true, debug: false, appId: sdk.corp, ...sdk.company, jsApiList: APIS });
    wx.ready(done);
    wx.error(answer => fail(new Refused("not-trusted", answer.errMsg || answer.err_msg)));
  }, "no-sdk");
  if (!wx.agentConfig) throw new Refused("old-client");
  await answered((done, fail) => wx.agentConfig({
    corpid: sdk.corp, agentid: sdk.agent, ...sdk.app, jsApiList: APIS, success: done,
    fail: answer => { const words = answer.errMsg || answer.err_msg || ""; fail(new Refused(meaning(words, "not-trusted"), words)); },
  }), "not-trusted");
  return true;
}

async function contactNow() {
  const { entry } = await invoke("getContext");
  if (!ENTRIES.includes(entry)) throw new Refused("no-contact");
  return (await invoke("getCurExternalContact")).userId;
}

const visit = contact => location.replace(`${page.dataset.page}?contact=${encodeURIComponent(contact)}`);

async function note(button) {   // the message is out already: a failure here must not read as if it were not
  const sent = await fetch(button.dataset.to, { method: "POST", body: new URLSearchParams({ mark: button.dataset.mark }), keepalive: true });
  if (!sent.ok) throw new Refused("unnoted", String(sent.status));
}

async function place(button, draft) {
  button.disabled = true;
  try {
    const contact = await contactNow();   // the rep may have gone on to another chat meanwhile
    if (contact !== page.dataset.contact) { show("place-moved"); setTimeout(() => visit(contact), 2000); return; }
    if ((await fetch(button.dataset.may)).status !== 204) throw new Refused("lapsed");   // since the page was drawn
    await invoke("sendChatMessage", { msgtype: "text", enterChat: true, text: { content: draft } });
    show("placed");
    await note(button).catch(error => tell(new Refused("unnoted", error.message), "place-"));
  } catch (error) {
    tell(error, "place-");
  }
  button.disabled = false;
}

async function copy(draft) {
  try {
    await navigator.clipboard.writeText(draft.textContent);
    show("copied");
  } catch {   // no permission, or an old client: selected, it is one tap away
    getSelection().selectAllChildren(draft);
  }
}

async function start() {
  const draft = document.getElementById("draft"), button = document.getElementById("place");
  document.getElementById("copy")?.addEventListener("click", () => copy(draft));
  if (page.dataset.again) setTimeout(() => location.replace(page.dataset.again), 1500);
  try {
    if (!await connect()) return;
    const contact = await contactNow();
    if (contact !== page.dataset.contact) { visit(contact); return; }
    button?.addEventListener("click", () => place(button, draft.textContent));
    if (button) button.disabled = false;
  } catch (error) {
    tell(error);
  }
}

start();
