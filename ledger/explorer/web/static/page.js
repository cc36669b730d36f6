// The page's own script: it starts the checker, compares what it proves with what
// the page shows, and hashes the numbers of records without sending them.
"use strict";

const body = document.body;
const words = JSON.parse(body.dataset.words);
const result = document.getElementById("check-result");

function sentence(id, values = {}) {
  let text = words[id] ?? id;
  for (const [name, value] of Object.entries(values)) {
    text = text.replaceAll(`{${name}}`, value);
  }
  return text;
}

function say(kind, text) {
  result.className = kind;
  result.textContent = text;
}

// question reads what the server wrote down as lines of name=value.
function question() {
  const q = { base: location.origin };
  for (const line of body.dataset.question.trim().split("\n")) {
    const at = line.indexOf("=");
    q[line.slice(0, at)] = line.slice(at + 1);
  }
  if (q.version !== undefined) q.version = Number(q.version);
  const fingerprint = document.getElementById("fingerprint").value.trim().toLowerCase();
  if (fingerprint !== "") q.fingerprint = fingerprint;
  return q;
}

let loading;

// load starts the checker once.
function load() {
  loading ??= (async () => {
    const version = body.dataset.assets;
    await new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = `/static/wasm_exec.js?v=${version}`;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
    const go = new Go();
    const response = await fetch(`/static/checker.wasm?v=${version}`);
    if (!response.ok) throw new Error("checker");
    const { instance } = await WebAssembly.instantiate(await read(response), go.importObject);
    go.run(instance);
  })();
  loading.catch(() => { loading = undefined; });
  return loading;
}

// read says how far the download is.
async function read(response) {
  const parts = [];
  let size = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (result) say("", sentence("check.loading", { megabytes: (size / 1e6).toFixed(1) }));
  }
  return new Blob(parts).arrayBuffer();
}

async function check() {
  const button = document.getElementById("check-button");
  button.disabled = true;
  try {
    await load();
    say("", sentence("check.asking"));
    show(JSON.parse(await hufu.check(JSON.stringify(question()))));
    sessionStorage.setItem("check", "1");
  } catch {
    say("unknown", sentence("check.unloaded"));
  }
  button.disabled = false;
}

const falseCodes = ["fingerprint", "signature", "proof", "history"];

function show(reply) {
  if (reply.error) {
    say(falseCodes.includes(reply.error) ? "bad" : "unknown", sentence(`check.error-${reply.error}`));
    return;
  }
  const sections = [...document.querySelectorAll(".answer")];
  const shown = [...document.querySelectorAll(".answer .row")];
  const proved = reply.sections.flatMap((s) => s.rows ?? []);
  const rowsOf = (section) => section.querySelectorAll(".row").length;
  const same = sections.length === reply.sections.length && shown.length === proved.length &&
    sections.every((section, i) => rowsOf(section) === (reply.sections[i].rows ?? []).length) &&
    shown.every((row, i) => row.dataset.label === proved[i].label && row.dataset.kind === proved[i].kind);
  if (!same) {
    say("bad", sentence("check.differs"));
    return;
  }
  sections.forEach((section, i) => { section.querySelector("h2").textContent = sentence(`section.${reply.sections[i].name}`); });
  const corrected = shown.filter((row, i) => correct(row, proved[i])).length;
  const pinned = document.getElementById("fingerprint").value.trim() !== "";
  const lines = [sentence(corrected === 0 ? "check.good" : "check.corrected", { count: corrected })];
  lines.push(sentence(pinned ? "check.pinned" : "check.unpinned", { fingerprint: reply.fingerprint }));
  say(corrected === 0 ? "good" : "unknown", lines.join("\n"));
}

// correct puts the proved value in the place of another, also where the text that
// people read is not the value that the server claims beside it.
function correct(row, proved) {
  const dd = row.querySelector("dd");
  const text = spell(proved);
  row.querySelector("dt").textContent = sentence(`label.${proved.label}`);
  dd.className = proved.kind === "word" ? `word word-${proved.value}` : proved.kind;
  if (row.dataset.value === proved.value && dd.textContent === text) return false;
  row.classList.add("corrected");
  dd.dataset.note = sentence("check.was", { value: dd.textContent });
  row.dataset.value = proved.value;
  dd.textContent = text;
  return true;
}

function spell(row) {
  if (row.kind === "word") return words[`word.${row.value}`] ?? row.value.replace(/^record-/, "");
  if (row.kind === "time") {
    const at = new Date(Date.parse(row.value) + 8 * 3600e3);
    return at.toISOString().slice(0, 19).replace("T", " ") + " UTC+8";
  }
  return row.value;
}

async function findRecord(event) {
  event.preventDefault();
  const problem = document.getElementById("record-problem");
  problem.hidden = true;
  const salt = document.getElementById("record-salt").value.trim().toLowerCase();
  const number = document.getElementById("record-number").value.trim();
  let hash = "";
  try {
    await load();
    if (number !== "") hash = hufu.salted(salt, number);
  } catch { /* said below */ }
  if (hash === "") {
    problem.hidden = false;
    return;
  }
  const target = new URL("/record", location.origin);
  target.searchParams.set("hash", hash);
  const lang = new URLSearchParams(location.search).get("lang");
  if (lang !== null) target.searchParams.set("lang", lang);
  location.assign(target);
}

for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
document.getElementById("record")?.addEventListener("submit", findRecord);
const checkButton = document.getElementById("check-button");
if (checkButton) {
  const field = document.getElementById("fingerprint");
  field.value = localStorage.getItem("fingerprint") ?? "";
  field.addEventListener("change", () => localStorage.setItem("fingerprint", field.value.trim()));
  checkButton.addEventListener("click", check);
  if (sessionStorage.getItem("check") === "1") check();
}
