
const UNSURE = [0, 134, 139], WHITER = [230, 97, 0], BLACKER = [93, 58, 155];
const one = (name) => document.querySelector(name);
const settings = [...document.querySelectorAll(".setting")];
const noisy = one("canvas.noisy"), clean = one("canvas.clean");
let busy = false, again = false, view = "", seen = null;

/* Sliders have 400 steps, between their ends or between the logarithms of them. */
function valueOf(slider) {
  const { low, high, log } = slider.dataset, [a, b] = [Number(low), Number(high)], share = slider.value / 400;
  if (slider.value === slider.dataset.at) return Number(slider.dataset.value);
  return Number((log === "1" ? a * (b / a) ** share : a + (b - a) * share).toPrecision(4));
}

function place(slider) {
  const { low, high, log, value } = slider.dataset, [a, b, v] = [Number(low), Number(high), Number(value)];
  slider.value = 400 * (log === "1" ? Math.log(v / a) / Math.log(b / a) : (v - a) / (b - a));
  slider.dataset.at = slider.value;  /* there, the value is the estimate itself */
}

const show = () => one(".segments input:checked").value;

function asked(fresh) {
  const values = {};
  for (const slider of settings) values[slider.dataset.key] = valueOf(slider);
  const box = viewer.stage, dots = Math.min(devicePixelRatio, 2);
  return { values, prior: one("#prior").value, crop: viewer.seen, room: [Math.ceil(box.clientWidth * dots), Math.ceil(box.clientHeight * dots)], show: show(), noisy: fresh };
}

function tellSettings() {
  for (const slider of settings) {
    const value = String(Number(valueOf(slider).toPrecision(4)));
    slider.parentElement.querySelector("output").value = value;
    slider.setAttribute("aria-valuetext", value);
  }
  const learned = one("#prior").value === "learned";
  one("#prior-note").hidden = !learned;
  for (const slider of settings) if (slider.dataset.key === "coupling") slider.disabled = learned;
}

/* One request is under way; what is asked meanwhile is asked once, when its answer is there. */
async function ask() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const timer = setTimeout(() => viewer.root.classList.add("stale"), 250);
  try {
    const body = asked(false), now = JSON.stringify([body.crop, body.room]);
    body.noisy = now !== view;
    const started = performance.now();
    const response = await fetch("view", { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    const content = await response.arrayBuffer();
    seen = read(content);
    draw(seen);
    view = now;
    tell(seen, performance.now() - started);
  } catch (error) {
    one("#told").textContent = error instanceof TypeError ? "The server has ended: start it again." : error.message;
    again = false;
  }
  clearTimeout(timer);
  viewer.root.classList.remove("stale");
  busy = false;
  if (again) {
    again = false;
    ask();
  }
}

function read(content) {
  const length = new DataView(content).getUint32(0, true);
  const told = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  const size = told.width * told.height;
  told.plane = Object.fromEntries(told.planes.map((name, i) => [name, new Uint8Array(content, 4 + length + i * size, size)]));
  return told;
}

function put(canvas, told, colour) {
  const picture = new ImageData(told.width, told.height), pixels = picture.data;
  for (let i = 0, j = 0; j < pixels.length; i += 1, j += 4) {
    colour(i, pixels, j);
    pixels[j + 3] = 255;
  }
  canvas.width = told.width;
  canvas.height = told.height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
  const [left, top, width, height] = told.crop, f = told.factor;
  Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${Math.max(width, told.width * f)}px`, height: `${Math.max(height, told.height * f)}px` });
}

function draw(told) {
  const { clean: bright, noisy: grey, white, black, sure } = told.plane, what = show();
  const below = 255 * (2 * one(".threshold").value / 100 - 1);
  if (grey) put(noisy, told, (i, out, j) => { out[j] = out[j + 1] = out[j + 2] = grey[i]; });
  put(clean, told, (i, out, j) => {
    if (what === "changes" && white) {
      const up = Math.min(1, white[i] * 4 / 255), down = Math.min(1, black[i] * 4 / 255), rest = Math.max(0, 1 - up - down);
      const kept = 205 + 50 * bright[i] / 255, all = up + down + rest;
      for (let k = 0; k < 3; k += 1) out[j + k] = (kept * rest + WHITER[k] * up + BLACKER[k] * down) / all;
    } else if (what === "sure" && sure && sure[i] < below) {
      for (let k = 0; k < 3; k += 1) out[j + k] = UNSURE[k];
    } else {
      out[j] = out[j + 1] = out[j + 2] = bright[i];
    }
  });
}

function tell(told, milliseconds) {
  if (one("#command").textContent !== told.command) one("#saved").hidden = true; // it is of another picture
  one("#command").textContent = told.command;
  const { width, height } = viewer.root.dataset, shrunk = told.factor > 1 ? `, shown ${told.factor} x ${told.factor} as one` : "";
  one("#told").textContent = `${width} x ${height} pixels${shrunk}; ${(100 * told.changed).toFixed(2)} % changed (${told.changes[0]} to white, ${told.changes[1]} to black); ${told.status}; answered in ${Math.round(milliseconds)} ms`;
  one("#warnings").replaceChildren(...told.warnings.map((words) => Object.assign(document.createElement("p"), { className: "message warned", textContent: words })));
  document.body.dataset.answers = Number(document.body.dataset.answers ?? 0) + 1;
}

function choose() {
  const what = show();
  document.querySelectorAll(".tag")[1].textContent = { clean: "clean", changes: "changes", sure: "how sure" }[what];
  one(".for-changes").hidden = what !== "changes";
  one(".for-sure").hidden = what !== "sure";
  ask();
}

async function save() {
  const saved = one("#saved");
  saved.hidden = true;
  one("#save").disabled = true;
  try {
    const response = await fetch("save", { method: "POST", body: JSON.stringify(asked(false)) });
    saved.className = `message ${response.ok ? "done" : "failed"}`;
    saved.textContent = await response.text();
  } catch {
    saved.className = "message failed";
    saved.textContent = "The server has ended: start it again.";
  }
  saved.hidden = false;
  one("#save").disabled = false;
}

async function copy() {
  try {
    await navigator.clipboard.writeText(one("#command").textContent);
    one("#copied").textContent = "copied";
  } catch {
    getSelection().selectAllChildren(one("#command"));
    one("#copied").textContent = "selected; copy it with Ctrl C";
  }
}

let waits = 0;
settings.forEach(place);
tellSettings();
const viewer = new Viewer(one(".viewer"), () => {
  cancelAnimationFrame(waits);
  waits = requestAnimationFrame(() => { if (JSON.stringify(viewer.seen) !== (seen && JSON.stringify(seen.crop))) ask(); });
});
for (const slider of settings) slider.addEventListener("input", () => { tellSettings(); ask(); });
one("#prior").addEventListener("change", () => { tellSettings(); ask(); });
for (const input of document.querySelectorAll(".segments input")) input.addEventListener("change", choose);
one(".threshold").addEventListener("input", () => {
  one(".threshold-value").value = `${one(".threshold").value} %`;
  if (seen) draw(seen);
});
one("#save").addEventListener("click", save);
one("#copy").addEventListener("click", copy);
one("#reset").addEventListener("click", () => {
  settings.forEach(place);
  one("#prior").value = "ising";
  tellSettings();
  ask();
});
one(".panel").addEventListener("submit", (event) => event.preventDefault());
