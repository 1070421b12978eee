// The viewer of a finished competition, in the app and in a file; `viewer_data.py` says what its data are.
//
// All pictures are decoded once; then every change of frame, view, divider, zoom or position is drawn at once, here. Both
// pairs share one state, so they move together, and it outlives the images: another frame, view or record opens at the
// same detail.

const LARGEST_ZOOM = 8;
const FRAME_MILLISECONDS = 300; // how long a frame stays while it plays at normal speed
const HEAT = [ // some colors of Inferno, which every kind of color vision sees grow brighter
  [0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164],
];
const COLORS = Array.from({ length: 256 }, (_, value) => {
  const at = (value / 255) * (HEAT.length - 1), k = Math.min(Math.floor(at), HEAT.length - 2);
  return HEAT[k].map((low, channel) => low + (HEAT[k + 1][channel] - low) * (at - k));
});

export default function (component) {
  const root = component.parentElement;
  root.viewer ??= new Viewer(root);
  root.viewer.take(component.data);
  return () => root.viewer.stop();
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.state = {
      frame: 0, view: "images", compare: "pair", mode: "slider", divider: 0.5, gain: 0, rate: this.still ? 0 : 1.5,
      second: false, zoom: null, x: 0.5, y: 0.5, playing: false, speed: "1",
    };
  }

  // ---- what is shown ----

  async take(data) {
    if (this.wanted?.id === data.id && this.box?.isConnected) return;
    this.wanted = data; // until its pictures are decoded, those of the record before stay
    const [height, width] = data.size;
    const pictures = await Promise.all(data.pictures.map((uri) => pixelsOf(uri, width, height)));
    if (this.wanted !== data) return; // overtaken by another record
    const named = (positions) => positions.map((position) => pictures[position]);
    Object.assign(this, {
      data, width, height, reference: pictures[data.reference], images: data.images.map(named),
      maps: data.maps.map((map) => map.images.map(named)),
    });
    this.bind();
    this.fill();
    const plays = data.plays && !this.still && data.steps.length > 1;
    this.change({ frame: plays ? 0 : data.steps.length - 1, playing: plays });
    this.tick();
  }

  stop() {
    clearTimeout(this.timer);
    this.watcher?.disconnect();
  }

  change(changes) {
    Object.assign(this.state, changes);
    const state = this.state, limit = this.data.steps.length - 1;
    state.frame = Math.min(Math.max(state.frame, 0), limit);
    state.divider = Math.min(Math.max(state.divider, 0), 1);
    if (mapOf(state.view) >= this.maps.length) state.view = "images";
    this.write();
    this.draw();
  }

  // ---- controls ----

  all(selector) { return [...this.root.querySelectorAll(selector)]; }

  bind() {
    const box = this.root.querySelector(".viewer");
    if (this.box === box) return;
    this.box = box;
    for (const control of this.all("[data-set]")) {
      control.addEventListener("input", () => {
        const value = control.type === "range" ? Number(control.value) : control.value;
        this.change({ [control.dataset.set]: value, ...(control.dataset.set === "frame" && { playing: false }) });
        this.tick();
      });
    }
    for (const radio of this.all("[name=mode]")) radio.addEventListener("change", () => this.setMode(radio.value));
    const actions = {
      in: () => this.zoom(1), out: () => this.zoom(-1), fit: () => this.fit(),
      play: () => this.play(), back: () => this.step(-1), next: () => this.step(1),
    };
    for (const button of this.all("[data-do]")) button.addEventListener("click", actions[button.dataset.do]);
    this.ports = this.all(".port");
    for (const port of this.ports) {
      port.addEventListener("keydown", (event) => this.press(event));
      port.addEventListener("pointerdown", (event) => this.grab(event, port));
      port.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    }
    this.watcher?.disconnect();
    const redraw = () => { this.write(); this.draw(); };
    this.watcher = new ResizeObserver(redraw);
    this.ports.forEach((port) => this.watcher.observe(port));
    const resized = () => (box.isConnected ? redraw() : window.removeEventListener("resize", resized));
    window.addEventListener("resize", resized); // also when the browser's zoom changes
    box.hidden = false;
  }

  press(event) {
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const actions = {
      "+": () => this.zoom(1), "=": () => this.zoom(1), "-": () => this.zoom(-1), 0: () => this.fit(),
      " ": () => this.flicker(), Escape: () => this.setMode("slider"),
      ",": () => this.step(-1), ".": () => this.step(1), k: () => this.play(), K: () => this.play(), s: () => this.slow(), S: () => this.slow(),
      Home: () => this.change({ divider: 0 }), End: () => this.change({ divider: 1 }),
    };
    const [right, down] = arrows[event.key] ?? [0, 0];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey && (right || down)) this.move(-32 * right, -32 * down);
    else if (right) this.change({ divider: this.state.divider + 0.02 * right });
    else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  }

  grab(event, port) {
    const frame = port.getBoundingClientRect();
    const away = Math.abs(event.clientX - frame.left - this.state.divider * frame.width);
    const slides = this.state.mode === "slider" && (away < 24 || !port.classList.contains("pannable"));
    const go = (next) => {
      if (slides) this.change({ divider: (next.clientX - frame.left) / frame.width });
      else this.move(next.clientX - last[0], next.clientY - last[1]);
      last = [next.clientX, next.clientY];
    };
    let last = [event.clientX, event.clientY];
    port.setPointerCapture(event.pointerId);
    port.addEventListener("pointermove", go);
    const end = () => port.removeEventListener("pointermove", go);
    for (const name of ["pointerup", "pointercancel"]) port.addEventListener(name, end, { once: true });
    if (slides) go(event);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.zoom(-Math.sign(event.deltaY));
  }

  zoom(by) { this.change({ zoom: Math.min(Math.max(this.factor() + by, 1), this.largest()) }); }

  fit() { this.change({ zoom: null, x: 0.5, y: 0.5 }); }

  move(right, down) { // in pixels of the screen
    const scale = this.scale();
    const inside = (at, size, room) => {
      const edge = Math.min(room / 2 / size, 0.5);
      return Math.min(Math.max(at, edge), 1 - edge);
    };
    const port = this.ports[0], [wide, high] = [this.width * scale, this.height * scale];
    this.change({
      x: inside(this.state.x - right / wide, wide, port.clientWidth),
      y: inside(this.state.y - down / high, high, port.clientHeight),
    });
  }

  setMode(mode) {
    this.change({ mode, second: false });
    this.tick();
  }

  flicker() {
    const { mode, rate, second } = this.state;
    if (mode === "slider") this.setMode("flicker");
    else if (rate === 0) this.change({ second: !second });
    else this.setMode("slider");
  }

  play() {
    const last = this.data.steps.length - 1, { playing, frame } = this.state;
    this.change({ playing: !playing, frame: !playing && frame === last ? 0 : frame });
    this.tick();
  }

  slow() { // slow motion on, or normal speed again
    this.change({ speed: this.state.speed === "0.25" ? "1" : "0.25" });
    this.tick();
  }

  step(by) { // one frame on or back
    this.change({ frame: this.state.frame + by, playing: false });
    this.tick();
  }

  tick() { // one timer for what moves by itself
    clearTimeout(this.timer);
    const { mode, rate, playing, frame, speed } = this.state, flickers = mode === "flicker" && rate > 0;
    if (!playing && !flickers) return;
    this.timer = setTimeout(() => {
      const ends = playing && frame + 1 >= this.data.steps.length;
      this.change({
        second: flickers ? !this.state.second : this.state.second,
        frame: playing && !ends ? frame + 1 : frame, playing: playing && !ends,
      });
      this.tick();
    }, flickers ? 1000 / rate : FRAME_MILLISECONDS / Number(speed));
  }

  // ---- words ----

  fill() { // what changes with the record only
    const { labels, trajectory, maps, steps } = this.data;
    const select = this.root.querySelector("[data-set=view]");
    [...select.options].slice(2).forEach((option) => option.remove());
    maps.forEach((map, k) => select.add(new Option(`Where ${map.title} finds differences`, `map${k}`)));
    this.root.querySelector("[data-set=frame]").max = steps.length - 1;
    this.root.querySelector(".trajectory").innerHTML = trajectory.svg; // escaped where it is made
    this.root.querySelector("thead").replaceChildren(row("th", ["Image", ...labels.titles, "Off the level by"]));
  }

  write() {
    const { state, data } = this, { labels, steps, trajectory } = data, { frame } = state;
    this.box.classList.toggle("flickers", state.mode === "flicker");
    this.box.classList.toggle("mapped", state.view !== "images");
    for (const control of this.all("[data-set]")) control.value = state[control.dataset.set];
    for (const radio of this.all("[name=mode]")) radio.checked = radio.value === state.mode;
    const last = steps.length - 1, where = frame === 0 ? ", the start" : frame === last ? ", the end" : "";
    const texts = {
      step: `Step ${steps[frame]} of ${steps[last]}${where}`, gain: `× ${format(2 ** state.gain)}`,
      rate: state.rate ? `${state.rate} per second` : "by hand (space)", zoom: this.zoomText(),
    };
    for (const output of this.all("[data-show]")) output.textContent = texts[output.dataset.show];
    const play = this.root.querySelector("[data-do=play]");
    play.textContent = state.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", state.playing ? "Pause" : "Play");
    this.all("figcaption").forEach((caption, pair) => {
      const [left, right] = [2 * pair, 2 * pair + 1].map((i) => labels.alone[frame][i]);
      caption.textContent = { pair: labels.sentences[frame][pair], left, right }[state.compare];
    });
    this.root.querySelector(".way").hidden = frame === last;
    this.root.querySelector("tbody").replaceChildren(...labels.values[frame].map((values, i) => {
      const line = row("td", values, i < 2 ? 0 : 1), head = document.createElement("th");
      head.append(letter(labels.letters[i]), labels.names[i].slice(1));
      line.prepend(head);
      return line;
    }));
    for (const mark of this.all("[data-image]")) {
      const point = trajectory.points[frame][mark.dataset.image];
      mark.setAttribute("visibility", point ? "visible" : "hidden");
      if (point) mark.setAttribute("transform", `translate(${point[0]} ${point[1]})`);
    }
    this.writeLegend();
  }

  writeLegend() {
    const { view, gain, frame } = this.state, map = this.data.maps[mapOf(view)], factor = 2 ** gain;
    const legend = this.root.querySelector(".legend"), bar = legend.firstElementChild;
    const colors = COLORS.filter((_, k) => k % 51 === 0).map((color) => `rgb(${color.join(" ")})`);
    bar.hidden = !map;
    bar.style.background = `linear-gradient(to right, ${colors})`;
    const missing = map && !map.frames.includes(frame) ? " There is no map of this step." : "";
    const words = map ? `Each pixel's contribution to the ${map.title} distance: black 0, yellow ${format(map.largest / factor)} or more.${missing}`
      : `Image minus original, times ${format(factor)}: mid gray where they are equal.`;
    legend.replaceChildren(bar, words);
  }

  // ---- pixels ----

  fine() { return window.devicePixelRatio || 1; } // device pixels in a pixel of CSS

  factor() { // device pixels per image pixel, a side: a whole number, so that all image pixels are equally large
    return this.state.zoom ?? this.whole();
  }

  whole() { // the largest factor at which the whole image is visible
    const wide = this.ports[0].clientWidth / this.width, high = window.innerHeight / this.height;
    const factor = this.height > this.width ? Math.min(wide, high) : wide; // a tall image has to fit into the screen
    return Math.min(Math.max(Math.floor(factor * this.fine() + 1e-6), 1), this.largest());
  }

  largest() { return Math.round(LARGEST_ZOOM * this.fine()); }

  scale(factor = this.factor()) { return factor / this.fine(); } // pixels of CSS per image pixel

  zoomText() {
    const factor = this.factor(), css = format(factor / this.fine(), 3);
    return this.fine() === 1 ? `${factor}×` : `${css}× (${factor} device pixels)`;
  }

  draw() {
    const { state } = this, scale = this.scale();
    const [wide, high] = [this.width * scale, this.height * scale];
    this.ports.forEach((port, pair) => {
      const [one, other] = [2 * pair, 2 * pair + 1];
      const which = { pair: [one, other], left: [null, one], right: [null, other] }[state.compare];
      port.style.height = `${this.height * this.scale(this.whole())}px`;
      const origin = originOf(port);
      const [roomX, roomY] = [port.clientWidth, port.clientHeight];
      const left = wide <= roomX ? (roomX - wide) / 2 : Math.min(0, Math.max(roomX - wide, roomX / 2 - state.x * wide));
      const top = high <= roomY ? (roomY - high) / 2 : Math.min(0, Math.max(roomY - high, roomY / 2 - state.y * high));
      port.classList.toggle("pannable", wide > roomX || high > roomY + 1);
      const at = { left: snap(origin.left + left) - origin.left, top: snap(origin.top + top) - origin.top };
      this.place(port, which, { ...at, wide, high, roomX });
      this.label(port, which);
    });
  }

  place(port, which, { left, top, wide, high, roomX }) {
    const { state } = this, flickers = state.mode === "flicker";
    const [over, under] = [port.querySelector("canvas.left"), port.querySelector("canvas.right")];
    [over, under].forEach((canvas, k) => {
      this.paint(canvas, which[k]);
      const box = { width: wide, height: high, left, top };
      for (const [name, value] of Object.entries(box)) canvas.style[name] = `${whole(value)}px`;
    });
    const cut = Math.min(Math.max(state.divider * roomX - left, 0), wide);
    over.style.clipPath = flickers ? "none" : `inset(0 ${wide - cut}px 0 0)`;
    over.style.visibility = flickers && state.second ? "hidden" : "visible";
    port.querySelector(".divider").style.left = `${state.divider * 100}%`;
  }

  label(port, which) {
    const { state, data } = this, flickers = state.mode === "flicker", { letters, names } = data.labels;
    const shown = which.map((i) => (i === null ? "Original" : names[i]));
    port.querySelectorAll(".tag").forEach((tag, k) => {
      const i = which[k];
      tag.replaceChildren(...(i === null ? ["Original"] : [letter(letters[i]), names[i].slice(1)]));
      tag.hidden = flickers && state.second !== (k === 1);
    });
    const part = Math.round(100 * state.divider);
    port.setAttribute("aria-label", `${shown[0]} on the left of the divider, ${shown[1]} on the right`);
    port.setAttribute("aria-valuenow", part);
    port.setAttribute("aria-valuetext", flickers ? `${shown[state.second ? 1 : 0]} is shown` : `${part} percent`);
  }

  paint(canvas, i) { // one frame of image i, or the original for null, in the current view, unless it is drawn already
    const { width, height, state } = this, { frame, view, gain } = state;
    const drawn = [this.data.id, i, frame, view, view === "images" || gain].join();
    if (canvas.drawn === drawn) return;
    canvas.drawn = drawn;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const levels = i === null ? this.reference : this.images[i][frame];
    const pixels = new ImageData(width, height);
    if (view === "images") pixels.data.set(levels);
    else if (view === "difference") amplify(pixels.data, levels, this.reference, 2 ** gain);
    else this.heat(pixels.data, i, mapOf(view), frame, 2 ** gain);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  heat(target, i, k, frame, factor) {
    const map = this.data.maps[k], row = map.frames.indexOf(frame), levels = this.maps[k][i]?.[row];
    const unit = row < 0 || i === null ? 0 : (map.peaks[row][i] / (map.largest || 1)) * factor;
    for (let at = 0; at < target.length; at += 4) {
      const value = unit ? levels[at] * unit : 0;
      const color = COLORS[Math.min(Math.round(value), 255)];
      [target[at], target[at + 1], target[at + 2], target[at + 3]] = [...color, 255];
    }
  }
}

function amplify(target, levels, reference, factor) {
  for (let at = 0; at < target.length; at += 1) {
    target[at] = at % 4 === 3 ? 255 : 128 + (levels[at] - reference[at]) * factor;
  }
}

async function pixelsOf(uri, width, height) { // RGBA of a picture; its values as they are in the file
  const [type, content] = uri.slice("data:".length).split(";base64,");
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const untouched = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type }), untouched);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}

function mapOf(view) { return view.startsWith("map") ? Number(view.slice(3)) : -1; }

function originOf(box) { // where a box lies in the page as it is drawn, before scrolling, which goes by whole device pixels
  let { left, top } = box.getBoundingClientRect();
  for (let node = box; node; node = node.parentElement ?? node.getRootNode().host) {
    left += node.scrollLeft;
    top += node.scrollTop;
  }
  return { left, top };
}

function snap(position) { return Math.round(position * (window.devicePixelRatio || 1)) / (window.devicePixelRatio || 1); }

// Browsers cut lengths to 64ths of a pixel; the next one above keeps an image from being a device pixel too narrow.
function whole(length) { return Math.ceil(length * 64 - 1e-6) / 64; }

function format(value, digits = 2) { return Number(value.toPrecision(digits)).toString(); }

function letter(name) {
  const mark = document.createElement("b");
  mark.className = `mad-${name}`;
  mark.textContent = name;
  return mark;
}

function row(tag, texts, marked = -1) {
  const line = document.createElement("tr");
  texts.forEach((text, k) => {
    const cell = line.appendChild(document.createElement(tag));
    cell.textContent = text;
    if (k === marked) cell.className = "optimized";
  });
  return line;
}
