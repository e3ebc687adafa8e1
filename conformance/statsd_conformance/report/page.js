"use strict";
// What a server said is only ever put into text nodes.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = new Map(data.requirements.map((one) => [one.id, one]));
const WORST = ["CRASHED", "FAIL", "INCONCLUSIVE", "DEVIATION", "NON-STRICT", "INFO", "PASS", "UNSUPPORTED"];
const FINDINGS = new Set(WORST.slice(0, 5));
const $ = (id) => document.getElementById(id);

/** Make an element; children are elements or text. */
function make(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

const pill = (verdict) => make("span", { class: `verdict ${verdict.toLowerCase()}` }, verdict);
const counted = (number, one, more) => `${number.toLocaleString("en")} ${number === 1 ? one : more}`;
const worstFirst = (cases) => cases.toSorted((a, b) => WORST.indexOf(a.verdict) - WORST.indexOf(b.verdict));
const worst = (cases) => worstFirst(cases)[0].verdict;
/** Return text with what stands between backticks as code. */
const prose = (text) => {
  const parts = text.split("`");
  return parts.map((part, place) => (place % 2 && parts.length % 2 ? make("code", {}, part) : part));
};

// ---- The table: filters, families, moving about.

const rows = [...document.querySelectorAll("tr.requirement")].map((row) => {
  const requirement = byId.get(row.id);
  const cases = requirement.cells.flat();
  const said = cases.flatMap((one) => [one.case, one.note, one.observed]);
  const verdicts = requirement.cells.filter((cell) => cell.length).map(worst);
  return {
    row,
    family: row.parentElement,
    class: requirement.class,
    verdicts: new Set(cases.map((one) => one.verdict)),
    differs: new Set(verdicts).size > 1,
    text: [requirement.id, requirement.sentence, requirement.cites, ...said].join("\n").toLowerCase(),
  };
});
const families = [...document.querySelectorAll("tbody[data-family]")];
const form = $("filters");

function filter() {
  const chosen = new FormData(form);
  const verdicts = chosen.getAll("verdict");
  const classes = chosen.getAll("class");
  const words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const differ = chosen.has("differ");
  let shown = 0;
  for (const one of rows) {
    const fits =
      (!verdicts.length || verdicts.some((verdict) => one.verdicts.has(verdict))) &&
      (!classes.length || classes.includes(one.class)) &&
      (!differ || one.differs) &&
      words.every((word) => one.text.includes(word));
    one.fits = fits;
    shown += fits;
  }
  for (const family of families) family.hidden = !rows.some((one) => one.family === family && one.fits);
  fold();
  const all = counted(rows.length, "requirement", "requirements");
  const said = shown === rows.length ? `${all} shown` : `${shown.toLocaleString("en")} of ${all} shown`;
  if ($("shown").textContent !== said) $("shown").textContent = said;
}

/** Show the rows that pass the filters, in the families that are open. */
function fold() {
  const open = new Map(families.map((one) => [one, one.querySelector(".fold").getAttribute("aria-expanded") === "true"]));
  for (const one of rows) one.row.hidden = !one.fits || !open.get(one.family);
  rove();
}

function open(family, expanded) {
  family.querySelector(".fold").setAttribute("aria-expanded", String(expanded));
}

/** Leave one place of the table in the order of the Tab key: the last one used, while it can be seen. */
let stop = null;
function rove(next) {
  const buttons = stops();
  const place = next ?? (stop && buttons.includes(stop) ? stop : buttons[0]);
  for (const button of document.querySelectorAll("#matrix button")) button.tabIndex = button === place ? 0 : -1;
  stop = place;
}

const stops = () => [...document.querySelectorAll("#matrix button")].filter((one) => one.offsetParent !== null);

/** Return the button that an arrow key leads to, in the same column where there is one. */
function neighbour(button, key) {
  const cells = [...button.closest("tr").cells];
  const column = button.closest("td, th").cellIndex;
  if (key === "ArrowLeft" || key === "ArrowRight" || key === "Home" || key === "End") {
    const across = cells.map((cell) => cell.querySelector("button")).filter(Boolean);
    const at = across.indexOf(button);
    return { ArrowLeft: across[at - 1], ArrowRight: across[at + 1], Home: across[0], End: across.at(-1) }[key];
  }
  const lines = [...document.querySelectorAll("#matrix tbody tr")].filter((row) => row.offsetParent !== null);
  const step = key === "ArrowUp" ? -1 : 1;
  for (let at = lines.indexOf(button.closest("tr")) + step; lines[at]; at += step) {
    const found = lines[at].cells[column]?.querySelector("button") ?? lines[at].querySelector(column ? ".fold" : "button");
    if (found) return found;
  }
  return undefined;
}

function move(event) {
  const button = event.target.closest("#matrix button");
  if (!button || !/^(Arrow|Home$|End$)/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
  const next = neighbour(button, event.key);
  event.preventDefault();
  if (!next) return;
  rove(next);
  next.focus();
  // The head of the table and its first column cover what lies below them.
  const head = document.querySelector("#matrix thead").getBoundingClientRect().bottom;
  const side = document.querySelector("#matrix .corner").getBoundingClientRect().right;
  const place = next.getBoundingClientRect();
  const aside = next.closest("th") ? 0 : Math.min(0, place.left - side - 8);
  window.scrollBy({ top: Math.min(0, place.top - head - 8), left: aside });
}

function pressed(event) {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.classList.contains("fold")) {
    open(button.closest("tbody"), button.getAttribute("aria-expanded") !== "true");
    rove(button);
    fold();
  } else if (button.classList.contains("cell")) {
    rove(button);
    show(button.closest("tr").id, Number(button.dataset.target));
  }
}

function foldAll(event) {
  const only = event.target.getAttribute("aria-pressed") !== "true";
  event.target.setAttribute("aria-pressed", String(only));
  for (const family of families) open(family, !only);
  fold();
}

// ---- One requirement on one target.

const dialog = $("detail");
let at = null;

function show(id, target) {
  const requirement = byId.get(id);
  if (!requirement?.cells[target]?.length) return;
  at = { id, target };
  $("detail-body").replaceChildren(...detail(requirement, target));
  const findings = visibleFindings();
  const place = findings.findIndex((one) => one.id === id && one.target === target);
  $("previous").disabled = !step(findings, place, -1);
  $("next").disabled = !step(findings, place, 1);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  $("detail-title").focus();
  history.replaceState(null, "", `#${encodeURIComponent(id)}/${target + 1}`);
}

/** Return what needs a look among the rows shown, in the order of the table. */
function visibleFindings() {
  return rows
    .filter((one) => one.fits)
    .flatMap((one) =>
      byId.get(one.row.id).cells.flatMap((cases, target) =>
        cases.some((each) => FINDINGS.has(each.verdict)) ? [{ id: one.row.id, target }] : [],
      ),
    );
}

/** Return the finding before or behind a place; of what is none itself, those around it in the table. */
function step(findings, place, by) {
  if (place >= 0) return findings[place + by];
  const order = new Map(rows.map((one, number) => [one.row.id, number]));
  const key = (one) => order.get(one.id) * data.titles.length + one.target;
  return by < 0 ? findings.findLast((one) => key(one) < key(at)) : findings.find((one) => key(one) > key(at));
}

function go(by) {
  const findings = visibleFindings();
  const place = findings.findIndex((one) => one.id === at.id && one.target === at.target);
  const next = step(findings, place, by);
  if (next) show(next.id, next.target);
}

function closed() {
  history.replaceState(null, "", location.pathname + location.search);
  const button = document.getElementById(at.id)?.querySelector(`button[data-target="${at.target}"]`);
  if (!button) return;
  if (button.offsetParent === null) {
    open(button.closest("tbody"), true);
    fold();
  }
  rove(button);
  button.focus();
}

/** Close at a click beside it. */
function outside(event) {
  if (event.target === dialog && event.clientX < dialog.getBoundingClientRect().left) dialog.close();
}

function detail(requirement, target) {
  const cases = worstFirst(requirement.cells[target]);
  const name = data.titles[target];
  return [
    make("h2", { id: "detail-title", tabindex: "-1" }, `${requirement.id} on ${name}`),
    make("p", { class: "demand" }, ...prose(requirement.sentence)),
    make("p", { class: "source" }, `${requirement.class}, ${requirement.level}. Source: ${requirement.cites || "not given"}`),
    ...(data.titles.length > 1 ? [others(requirement, target)] : []),
    ...cases.map((one) => caseOf(one, one === cases[0])),
  ];
}

function others(requirement, target) {
  const buttons = requirement.cells.map((cases, number) =>
    cases.length
      ? make(
          "li",
          {},
          make(
            "button",
            { type: "button", "aria-pressed": String(number === target), onclick: () => show(requirement.id, number) },
            `${data.titles[number]} `,
            pill(worst(cases)),
          ),
        )
      : undefined,
  );
  return make("ul", { class: "others", "aria-label": "The same requirement on each target" }, ...buttons);
}

function caseOf(one, open) {
  const [first, ...more] = (one.note ?? "").split("\n");
  // The note of a failed assertion is its first line.
  const observed = (one.observed ?? "").replace(first, "").trim();
  return make(
    "details",
    { class: "case", open },
    make("summary", {}, make("h3", {}, one.case), " ", pill(one.verdict)),
    ...(one.required ? [make("h4", {}, "Expected"), make("pre", {}, one.required)] : []),
    ...(first || observed ? [make("h4", {}, "Observed"), make("p", {}, first)] : []),
    ...(more.length ? [make("pre", {}, more.join("\n"))] : []),
    ...(observed ? [make("pre", {}, observed)] : []),
    ...sent(one),
    ...published(one),
    ...(one.again ? [make("h4", {}, "Send it again"), make("pre", {}, one.again)] : []),
    ...evidence(one),
    ...(first || one.datagrams ? [] : [make("p", {}, "It holds; nothing else was kept of it.")]),
  );
}

function sent(one) {
  if (!one.datagrams) return [];
  const total = one.datagrams_sent;
  const left = total - one.datagrams.length;
  return [
    make("h4", {}, `Sent: ${counted(total, "datagram", "datagrams")}`),
    ...one.datagrams.flatMap((datagram, number) => dump(datagram, number + 1, total)),
    ...(left > 0 ? [make("p", { class: "muted" }, `… and ${counted(left, "datagram", "datagrams")} more`)] : []),
  ];
}

function published(one) {
  // An emitter gets no answer.
  if (!one.datagrams || !one.lines) return [];
  const lines = one.lines;
  const left = (one.lines_published ?? 0) - lines.length;
  const text = lines.map(escaped).join("\n") + (left > 0 ? `\n… and ${counted(left, "line", "lines")} more` : "");
  return [
    make("h4", {}, `Graphite lines that came back: ${one.lines_published ?? 0}`),
    lines.length ? make("pre", {}, text) : make("p", {}, "Nothing that carries the prefix of this case."),
  ];
}

function evidence(one) {
  if (!one.evidence) return [];
  const kinds = [[".txt", "text"], ...(one.datagrams ? [[".pcapng", "capture for Wireshark"], [".sh", "shell script"]] : [])];
  const links = kinds.flatMap(([ending, name]) => [make("a", { href: one.evidence + ending }, name), " "]);
  return [make("h4", {}, "Evidence"), make("p", {}, ...links)];
}

/** Return text of which every character is a byte as a terminal can show it. */
function escaped(text) {
  const names = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
  return text.replace(/[^ -~]|\\/g, (one) => names[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

// ---- Hex dumps.

const narrow = matchMedia("(max-width: 45rem)");

/** Return the dump of one datagram, and below it what the reference refuses of it. */
function dump(datagram, number, total) {
  const caption = `Datagram ${number} of ${total}, ${counted(datagram.size, "byte", "bytes")}`;
  const width = narrow.matches ? 8 : 16;
  const parts = [{ from: 0, text: datagram.head }];
  if (datagram.tail) parts.push({ from: datagram.size - datagram.tail.length, text: datagram.tail });
  const body = make("tbody");
  for (const [place, part] of parts.entries()) {
    if (place) {
      const gap = part.from - datagram.head.length;
      body.append(make("tr", {}, make("td", { colspan: 3, class: "muted" }, `… ${counted(gap, "byte", "bytes")} not kept …`)));
    }
    for (const [from, text] of cut(part.text, width)) body.append(line(part.from + from, text, datagram.refused));
  }
  const head = make("tr", {}, ...["Offset", "Bytes", "Text"].map((one) => make("th", { scope: "col" }, one)));
  const table = make("table", { class: "hex" }, make("caption", {}, caption), make("thead", {}, head), body);
  const reasons = datagram.refused.map((one) => make("li", {}, reason(one, datagram)));
  const shown = make("div", { class: "dump", role: "group", "aria-label": caption, tabindex: "0" }, table);
  return reasons.length ? [shown, make("ul", { class: "reasons" }, ...reasons)] : [shown];
}

/** Cut a text into rows: at line feeds while there are few of them, and at the width. */
function* cut(text, width) {
  const ends = text.split("\n").length <= 64;
  for (let from = 0; from < text.length; ) {
    const feed = ends ? text.indexOf("\n", from) : -1;
    const to = Math.min(from + width, text.length, feed < 0 ? Infinity : feed + 1);
    yield [from, text.slice(from, to)];
    from = to;
  }
}

function line(offset, text, refused) {
  const marked = [...text].map((_, place) => refused.some((one) => one.start <= offset + place && offset + place < one.stop));
  const bytes = [...text].map((one) => one.charCodeAt(0).toString(16).padStart(2, "0"));
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, String(offset)),
    make("td", {}, ...runs(bytes, marked, " ")),
    make("td", {}, ...runs([...text].map((one) => (/[ -~]/.test(one) ? one : "·")), marked, "")),
  );
}

/** Return pieces as text, with a mark around each run of marked ones. */
function runs(pieces, marked, between) {
  const made = [];
  for (let from = 0; from < pieces.length; ) {
    let to = from + 1;
    while (to < pieces.length && marked[to] === marked[from]) to += 1;
    const text = pieces.slice(from, to).join(between);
    made.push(marked[from] ? make("mark", {}, text) : text);
    if (to < pieces.length) made.push(between);
    from = to;
  }
  return made;
}

function reason(one, datagram) {
  const where = one.stop - one.start === 1 ? `byte ${one.start}` : `bytes ${one.start} to ${one.stop - 1}`;
  const text = one.stop <= datagram.head.length ? ` (${escaped(datagram.head.slice(one.start, one.stop))})` : "";
  return `The reference refuses ${where}${text}: ${one.reason}`;
}

// ---- Start.

if (form) {
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  $("all").addEventListener("click", () => (form.reset(), filter()));
  $("fold").addEventListener("click", foldAll);
  $("matrix").addEventListener("click", pressed);
  $("matrix").addEventListener("keydown", move);
  $("previous").addEventListener("click", () => go(-1));
  $("next").addEventListener("click", () => go(1));
  $("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", outside);
  window.addEventListener("hashchange", arrive);
  filter();
  arrive();
}

/** Show what the address names: `#COUNTER-01/2` is that requirement on the second target. */
function arrive() {
  const [id, target] = decodeURIComponent(location.hash.slice(1)).split("/");
  show(id, Number(target ?? 1) - 1);
}
