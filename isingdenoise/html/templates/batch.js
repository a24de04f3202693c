
"use strict";
const byId = (id) => document.getElementById(id);
const rows = JSON.parse(byId("rows").textContent);
const together = JSON.parse(byId("together").textContent);
const sources = document.querySelectorAll("script.thumbnails"), parsed = new Map();

/* What all names begin with stands above the list, once. */
function commonFolder() {
  const name = (row) => row.input.replace(/[^/\\]*$/, "");
  let folder = rows.length ? name(rows[0]) : "";
  for (const row of rows) while (!row.input.startsWith(folder)) folder = folder.slice(0, -1).replace(/[^/\\]*$/, "");
  return folder;
}

const folder = commonFolder();
rows.forEach((row, i) => {
  row.place = i;
  row.name = row.input.slice(folder.length);
});
byId("folder").textContent = folder ? `in ${folder}` : "";
let found = rows, part = 0, open = -1;

/* Thumbnails are parsed some dozens at a time, when one of them is wanted. */
function thumbnails(place) {
  const chunk = Math.floor(place / together);
  if (chunk >= sources.length) return [null, null];
  if (!parsed.has(chunk)) parsed.set(chunk, JSON.parse(sources[chunk].textContent));
  return parsed.get(chunk)[place % together];
}

function made(kind, className, text) {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

const state = (row) => row.error !== null ? "failed" : row.warnings.length ? "warned" : "good";
const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 2 : 1)} %`;

function picture(source, alt) {
  if (source === null) return made("span", "empty", "no picture");
  const image = made("img");
  image.decoding = "async";
  image.alt = alt;
  image.src = source;
  return image;
}

function card(row, at) {
  const item = made("li", state(row)), [noisy, clean] = thumbnails(row.place);
  const button = made("button", "thumbs");
  button.type = "button";
  button.setAttribute("aria-label", `Enlarge ${row.name}`);
  button.append(picture(noisy, "noisy"), picture(clean, "clean"));
  button.addEventListener("click", () => enlarge(at));
  const words = made("div", "words");
  words.append(made("span", "title", row.name));
  const figures = made("p", "figures");
  figures.textContent = row.changed === null ? "" : `${percent(row.changed)} changed`;
  if (row.uncertainty !== null) figures.textContent += `, ${percent(row.uncertainty)} in doubt`;
  if (row.pages > 1) figures.textContent += `, ${row.pages} pages`;
  if (row.skipped) figures.append(" ", made("span", "badge plain", "up to date"));
  words.append(figures);
  const { noise, assumed, coupling_horizontal: strength } = row.figures;
  if (noise) words.append(made("p", "", `${noise}${strength === undefined ? "" : `, coupling ${strength}`}${assumed === "leave alone" ? ", left alone" : ""}`));
  const why = row.error ?? row.warnings.join("; ");
  if (why) {
    words.append(made("p", "why", why));
    words.lastChild.title = why;
  }
  item.append(button, words);
  return item;
}

const ORDERS = {
  first: (a, b) => a.place - b.place,
  changed: (a, b) => (b.changed ?? -1) - (a.changed ?? -1),
  uncertainty: (a, b) => (b.uncertainty ?? -1) - (a.uncertainty ?? -1),
  input: (a, b) => a.input.localeCompare(b.input, "en", { numeric: true }),
};

function choose() {
  const only = byId("only").value, text = byId("search").value.toLowerCase();
  const has = (row) => [row.input, row.error ?? "", ...row.warnings].some((words) => words.toLowerCase().includes(text));
  found = rows.filter((row) => (only === "all" || state(row) === only) && (!text || has(row)));
  found.sort(ORDERS[byId("order").value]);
  part = 0;
  draw();
}

function draw() {
  const first = part * together, last = Math.min(first + together, found.length);
  byId("list").replaceChildren(...found.slice(first, last).map((row, i) => card(row, first + i)));
  byId("list").start = first + 1;
  byId("found").value = found.length === rows.length ? "" : `${found.length} of ${rows.length}`;
  byId("part").value = found.length ? `${first + 1} to ${last} of ${found.length}` : "none";
  byId("previous").disabled = part === 0;
  byId("next").disabled = last >= found.length;
}

function turn(by) {
  part += by;
  draw();
  window.scrollTo(0, 0);
}

function captioned(source, words) {
  const figure = made("figure");
  figure.append(picture(source, words.textContent), words);
  return figure;
}

function enlarge(at) {
  const row = found[at], [noisy, clean] = thumbnails(row.place);
  open = at;
  byId("large-title").textContent = row.name;
  const after = made("figcaption", "", "clean; ");
  after.append(made("span", "swatch to-white"), " to white ", made("span", "swatch to-black"), " to black");
  document.querySelector(".pair").replaceChildren(captioned(noisy, made("figcaption", "", "noisy")), captioned(clean, after));
  const told = document.querySelector(".told"), facts = made("dl", "facts");
  told.replaceChildren();
  if (row.error !== null) told.append(made("p", "message failed", row.error));
  for (const warning of row.warnings) told.append(made("p", "message warned", warning));
  const lines = { "written to": row.output, pages: row.pages > 1 ? row.pages : null, pixels: row.pixels,
    changed: row.changed === null ? null : `${percent(row.changed)} (${row.changed_to_white} to white, ${row.changed_to_black} to black)`,
    "in doubt": row.uncertainty === null ? null : `${percent(row.uncertainty)} expected wrong`,
    status: row.status, seconds: row.seconds === null ? null : row.seconds.toPrecision(3), ...row.figures };
  for (const [what, value] of Object.entries(lines)) {
    if (value === null || value === undefined || value === "") continue;
    const pair = made("div");
    pair.append(made("dt", "", what.replaceAll("_", " ")), made("dd", "", value));
    facts.append(pair);
  }
  told.append(facts);
  if (!byId("large").open) byId("large").showModal();
}

const step = (by) => { if (found[open + by]) enlarge(open + by); };
for (const button of document.querySelectorAll(".step")) button.addEventListener("click", () => step(Number(button.value)));
byId("large").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
});
byId("order").addEventListener("change", choose);
byId("only").addEventListener("change", choose);
byId("search").addEventListener("input", choose);
document.querySelector("form.controls").addEventListener("submit", (event) => event.preventDefault());
byId("previous").addEventListener("click", () => turn(-1));
byId("next").addEventListener("click", () => turn(1));
draw();
