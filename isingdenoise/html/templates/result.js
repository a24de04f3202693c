
const UNSURE = [0, 134, 139];

function begin(root) {
  const one = (name) => root.querySelector(name);
  const told = (name) => JSON.parse(one(`script.${name}`).textContent);
  const shares = told("shares"), changed = told("changed");
  const left = one(".left-choice"), right = one(".right-choice");
  const [leftTag, rightTag] = root.querySelectorAll(".tag"), overlay = one("canvas.overlay");
  const borrowed = document.createElement("figure");  /* the clean picture of an engine, on the left */
  borrowed.className = "layer borrowed";
  borrowed.append(document.createElement("img"));
  if (left) one(".pane.left .sheet").append(borrowed);
  let data = null, drawn = null;
  const viewer = new Viewer(root);

  const number = () => right ? Number(right.value) : 0;
  const show = () => one(".segments input:checked").value;
  const name = (select) => select ? select.selectedOptions[0].textContent : "";

  function update() {
    const what = show(), n = number(), at = left ? left.value : "noisy";
    const layer = what === "changes" ? `changes-${n}` : `clean-${n}`;
    for (const figure of root.querySelectorAll(".pane.right .layer")) figure.classList.toggle("on", figure.classList.contains(layer));
    const own = root.querySelector(`.pane.left .${at}`);
    if (!own) borrowed.firstChild.src = one(`.pane.right .${at} img`).src;
    borrowed.firstChild.alt = `clean picture of ${name(left)}`;
    for (const figure of root.querySelectorAll(".pane.left .layer")) figure.classList.toggle("on", figure === (own || borrowed));
    leftTag.textContent = left ? name(left) : "noisy";
    const words = { clean: "clean", changes: "changes", sure: "how sure" }[what];
    rightTag.textContent = right ? `${name(right)}: ${words}` : words;
    one(".for-changes").hidden = what !== "changes";
    one(".for-sure").hidden = what !== "sure";
    one(".counted").textContent = changed[n];
    const known = shares[n] !== null;
    one(".for-sure .none").hidden = known;
    for (const part of root.querySelectorAll(".for-sure > :not(.none)")) part.hidden = !known;
    overlay.hidden = !(what === "sure" && known);
    if (!overlay.hidden) mark();
  }

  async function mark() {
    const n = number(), percent = Number(one(".threshold").value);
    one(".threshold-value").value = `${percent} %`;
    one(".share").value = `${(100 * shares[n][percent - 50]).toPrecision(3)} % of the pixels`;
    if (drawn !== n) {
      const picture = one(`.sure-${n} img`);
      await picture.decode();
      overlay.width = viewer.width;
      overlay.height = viewer.height;
      const brush = overlay.getContext("2d", { willReadFrequently: true });
      brush.drawImage(picture, 0, 0);
      data = brush.getImageData(0, 0, viewer.width, viewer.height).data;
      drawn = n;
    }
    const below = 255 * (2 * percent / 100 - 1), out = new ImageData(viewer.width, viewer.height), pixels = out.data;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] < below) [pixels[i], pixels[i + 1], pixels[i + 2], pixels[i + 3]] = [...UNSURE, 255];
    }
    overlay.getContext("2d").putImageData(out, 0, 0);
  }

  for (const control of root.querySelectorAll("select, .segments input")) control.addEventListener("change", update);
  one(".threshold").addEventListener("input", mark);
  update();
}

for (const root of document.querySelectorAll(".viewer")) begin(root);
for (const charts of document.querySelectorAll(".charts")) {
  charts.addEventListener("change", (event) => {
    for (const row of charts.querySelectorAll(".row")) row.hidden = !row.classList.contains(`against-${event.target.value}`);
  });
}
