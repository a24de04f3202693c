
"use strict";
document.documentElement.classList.add("js");

/* A picture before and after: a line to drag between them, zoom and pan. */
class Viewer {
  constructor(root, moved = () => {}) {
    this.root = root;
    this.moved = moved;
    this.stage = root.querySelector(".stage");
    this.slider = root.querySelector("input.split");
    this.width = Number(root.dataset.width);
    this.height = Number(root.dataset.height);
    this.scale = this.x = this.y = 0;
    this.stage.style.setProperty("--w", this.width);
    this.stage.style.setProperty("--h", this.height);
    this.listen();
    new ResizeObserver(() => this.resized()).observe(this.stage);
  }

  get fit() {
    return Math.min(this.stage.clientWidth / this.width, this.stage.clientHeight / this.height) || 1;
  }

  get whole() {
    return this.scale <= this.fit * 1.001;
  }

  resized() {
    if (!this.stage.clientWidth) return;
    if (!this.scale || this.stays) this.scale = this.fit;
    this.settle();
  }

  /* Keep the picture in sight, and write down where everything is. */
  settle() {
    const stage = this.stage, s = this.scale;
    this.stays = this.whole;
    const held = (at, size, room) => size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
    this.x = held(this.x, this.width * s, stage.clientWidth);
    this.y = held(this.y, this.height * s, stage.clientHeight);
    const split = stage.clientWidth * this.slider.value / 100;
    const put = (name, value) => stage.style.setProperty(name, value);
    put("--s", s);
    put("--x", `${this.x}px`);
    put("--y", `${this.y}px`);
    put("--split", `${split}px`);
    stage.classList.toggle("close", s * devicePixelRatio >= 2.5);
    const zoom = this.root.querySelector("output.zoom");
    if (zoom) zoom.value = `${Math.round(100 * s)} %`;
    this.slider.setAttribute("aria-valuetext", `${Math.round(this.slider.value)} % of the width`);
    this.moved(this);
  }

  zoom(factor, px = this.stage.clientWidth / 2, py = this.stage.clientHeight / 2) {
    const before = this.scale;
    this.scale = Math.min(Math.max(before * factor, this.fit), Math.max(32, this.fit));
    this.x = px - (px - this.x) * this.scale / before;
    this.y = py - (py - this.y) * this.scale / before;
    this.settle();
  }

  showAll() {
    this.scale = this.fit;
    this.settle();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.settle();
  }

  /* What of the picture can be seen, in its pixels. */
  get seen() {
    const left = Math.max(0, Math.floor(-this.x / this.scale)), top = Math.max(0, Math.floor(-this.y / this.scale));
    const right = Math.min(this.width, Math.ceil((this.stage.clientWidth - this.x) / this.scale));
    const bottom = Math.min(this.height, Math.ceil((this.stage.clientHeight - this.y) / this.scale));
    return [left, top, Math.max(1, right - left), Math.max(1, bottom - top)];
  }

  listen() {
    const stage = this.stage, on = (name, heard) => stage.addEventListener(name, heard);
    const press = (name, heard) => this.root.querySelector(name)?.addEventListener("click", heard);
    press(".zoom-in", () => this.zoom(1.5));
    press(".zoom-out", () => this.zoom(1 / 1.5));
    press(".zoom-fit", () => this.showAll());
    this.slider.addEventListener("input", () => this.settle());
    on("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = stage.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    });
    on("dblclick", (event) => {
      const box = stage.getBoundingClientRect();
      this.zoom(2, event.clientX - box.left, event.clientY - box.top);
    });
    on("pointerdown", (event) => this.drag(event));
    on("keydown", (event) => this.key(event));
  }

  drag(event) {
    if (event.button !== 0) return;
    const stage = this.stage, line = event.target.closest(".divider") !== null || this.whole;
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("dragging");
    let [x, y] = [event.clientX, event.clientY];
    const move = (now) => {
      if (line) this.splitAt(now.clientX);
      else this.pan(now.clientX - x, now.clientY - y);
      [x, y] = [now.clientX, now.clientY];
    };
    const end = () => {
      stage.classList.remove("dragging");
      stage.removeEventListener("pointermove", move);
      stage.removeEventListener("pointerup", end);
      stage.removeEventListener("pointercancel", end);
    };
    stage.addEventListener("pointermove", move);
    stage.addEventListener("pointerup", end);
    stage.addEventListener("pointercancel", end);
  }

  splitAt(clientX) {
    this.slider.value = 100 * (clientX - this.stage.getBoundingClientRect().left) / this.stage.clientWidth;
    this.settle();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60, choices = this.root.querySelectorAll(".segments input");
    const known = {
      ArrowLeft: () => this.arrow(step), ArrowRight: () => this.arrow(-step),
      ArrowUp: () => this.whole || this.pan(0, step), ArrowDown: () => this.whole || this.pan(0, -step),
      "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.showAll(),
    };
    const choice = choices[Number(event.key) - 1];
    if (event.target !== this.stage) return;
    if (event.key in known && !(this.whole && /^Arrow(Up|Down)/.test(event.key))) known[event.key]();
    else if (choice) choice.click();
    else return;
    event.preventDefault();
  }

  /* The line moves while all of the picture is there, else the picture. */
  arrow(distance) {
    if (!this.whole) return this.pan(distance, 0);
    this.slider.value = Number(this.slider.value) - Math.sign(distance) * 2;
    this.settle();
  }
}
