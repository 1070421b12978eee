// A plane through the space of images: level curves, named places, and the picture at the place pointed at.
//
// The picture follows the pointer at once, mixed here from three pictures, with values between those of the grid; Python
// measures at a place that is chosen.

const REST_MILLISECONDS = 80;
const KEYS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export default function (component) {
  const root = component.parentElement;
  root.plane ??= new ImagePlane(root.querySelector(".image-plane"));
  root.plane.choice.take(component);
  root.plane.take(component.data);
}

class ImagePlane {
  constructor(root) {
    this.choice = new Choice();
    for (const name of ["svg", "canvas", "figcaption"]) this[name] = root.querySelector(name);
    this.map = root.querySelector(".map");
    this.place = root.querySelector(".place");
    this.map.addEventListener("pointerdown", (event) => {
      this.place.focus({ preventScroll: true });
      event.preventDefault();
      this.choose(this.at(event));
    });
    this.map.addEventListener("pointermove", (event) => (event.buttons & 1 ? this.choose(this.at(event)) : this.look(this.at(event))));
    this.map.addEventListener("pointerleave", () => this.look(this.chosen));
    this.place.addEventListener("keydown", (event) => this.press(event));
  }

  async take(data) {
    this.newest = data;
    if (String(this.data?.pictures) !== String(data.pictures)) {
      const pixels = await Promise.all(data.pictures.map(pixelsOf));
      if (this.newest !== data) return;
      this.pixels = pixels;
    }
    this.data = data;
    if (!this.choice.isAhead) this.chosen = data.at;
    this.draw();
    this.look(this.chosen);
  }

  at(event) {
    const box = this.svg.getBoundingClientRect(), view = this.svg.viewBox.baseVal;
    const u = view.x + ((event.clientX - box.left) / box.width) * view.width;
    const v = 1 - (view.y + ((event.clientY - box.top) / box.height) * view.height);
    return [u, v].map(inside);
  }

  press(event) {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 0.1 : 0.02;
    this.choose(this.chosen.map((one, i) => inside(one + far * step[i])));
  }

  choose(at) {
    this.chosen = at;
    this.look(at);
    this.choice.tell(at, REST_MILLISECONDS);
  }

  look(at) {
    if (!this.pixels) return;
    this.mix(at);
    const values = this.data.values.map(({ title, grid }) => `${title} ≈ ${Number(between(grid, at).toPrecision(3))}`);
    this.figcaption.textContent = values.join("\n");
    this.place.style.left = `${100 * this.chosen[0]}%`;
    this.place.style.top = `${100 * (1 - this.chosen[1])}%`;
    this.canvas.setAttribute("aria-label", `The picture there: ${values.join(", ")}`);
    const where = this.chosen.map((one) => one.toFixed(2));
    this.place.setAttribute("aria-label", `Place ${where[0]} from the left, ${where[1]} from below. Arrow keys move it.`);
  }

  mix([u, v]) {
    const [first, second] = this.data.mixture.map((row) => row[0] * u + row[1] * v + row[2]);
    const [{ data: origin, width, height }, { data: one }, { data: other }] = this.pixels;
    const mixed = new ImageData(width, height);
    for (let i = 0; i < origin.length; i++) {
      mixed.data[i] = origin[i] + first * (one[i] - origin[i]) + second * (other[i] - origin[i]);
    }
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.getContext("2d").putImageData(mixed, 0, 0);
  }

  draw() {
    const { curves, ways, marks } = this.data;
    const parts = [node("rect", { x: 0, y: 0, width: 1, height: 1 })];
    for (const { style, path } of curves) parts.push(node("path", { d: path, class: style }));
    for (const { style, points } of ways) {
      parts.push(node("path", { d: `M${points.map(([u, v]) => `${u} ${1 - v}`).join("L")}`, class: `way ${style}` }));
    }
    for (const { at: [u, v], label, style, hollow } of marks) {
      const letter = label.length === 1;
      parts.push(node("circle", { cx: u, cy: 1 - v, r: 0.011, class: `${style} ${hollow ? "hollow" : ""}` }));
      const left = u > 0.85 ? -0.035 : 0.035, middle = letter ? u + left : Math.min(Math.max(u, 0.08), 0.92);
      parts.push(node("text", { x: middle, y: 1 - v + (letter ? 0.013 : v < 0.08 ? -0.03 : 0.045), class: `${style} ${letter ? "letter" : ""}` }, label));
    }
    this.svg.replaceChildren(...parts);
  }
}

function inside(value) {
  return Math.round(1000 * Math.min(Math.max(value, 0), 1)) / 1000;
}

function between(grid, [u, v]) {
  const last = grid.length - 1, [i, j] = [u, v].map((one) => Math.min(Math.floor(one * last), last - 1));
  const x = u * last - i, y = v * last - j, along = (row) => (1 - y) * row[j] + y * row[j + 1];
  return (1 - x) * along(grid[i]) + x * along(grid[i + 1]);
}

async function pixelsOf(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const context = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.naturalWidth, image.naturalHeight);
}

function node(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}
