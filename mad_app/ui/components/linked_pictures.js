// Pictures of one size with a marker at the same pixel of each, and a line that says their values there.
//
// A pointer that hovers shows values at once; a click, a tap or an arrow key chooses the pixel, of which Python hears.

const REST_MILLISECONDS = 60;
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export default function (component) {
  const root = component.parentElement;
  root.linked ??= new Linked(root.querySelector(".linked"));
  root.linked.choice.take(component);
  root.linked.take(component.data);
}

class Linked {
  constructor(place) {
    this.choice = new Choice();
    this.row = place.querySelector(".row");
    this.output = place.querySelector("output");
    this.frames = [];
  }

  take(data) {
    this.data = data;
    if (this.frames.length !== data.pictures.length) this.build(data.pictures.length);
    data.pictures.forEach((picture, i) => {
      const { image, caption } = this.frames[i];
      if (image.src !== picture.uri) image.src = picture.uri;
      image.alt = picture.title;
      caption.textContent = picture.title;
    });
    this.values = data.pictures.map((picture) => picture.values && decoded(picture.values));
    if (!this.choice.isAhead) this.chosen = [data.row, data.column];
    this.show(this.chosen);
  }

  build(count) {
    this.row.replaceChildren();
    this.frames = Array.from({ length: count }, (_, i) => this.frame(i === 0));
  }

  frame(isFirst) {
    const figure = made("figure", this.row), frame = made("div", figure, "frame");
    const image = made("img", frame), mark = made("div", frame, "mark"), caption = made("figcaption", figure);
    frame.addEventListener("pointermove", (event) => this.point(event, frame));
    frame.addEventListener("pointerdown", (event) => this.point(event, frame, true));
    frame.addEventListener("pointerleave", () => this.show(this.chosen));
    if (isFirst) {
      frame.tabIndex = 0;
      frame.setAttribute("role", "application");
      frame.setAttribute("aria-label", "Pictures. Arrow keys move the marker.");
      frame.addEventListener("keydown", (event) => this.press(event));
    }
    return { frame, image, mark, caption };
  }

  point(event, frame, isClick = false) {
    const box = frame.getBoundingClientRect(), { height, width } = this.data;
    const at = inside([
      Math.floor(((event.clientY - box.top) / box.height) * height),
      Math.floor(((event.clientX - box.left) / box.width) * width),
    ], this.data);
    if (isClick || event.buttons & 1) this.choose(at);
    else this.show(at);
  }

  press(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 8 : 1;
    this.choose(inside([this.chosen[0] + far * step[0], this.chosen[1] + far * step[1]], this.data));
  }

  choose(at) {
    this.chosen = at;
    this.show(at);
    this.choice.tell(at, REST_MILLISECONDS);
  }

  show([row, column]) {
    const { height, width, pictures } = this.data;
    for (const { mark } of this.frames) {
      mark.style.left = `${(100 * (column + 0.5)) / width}%`;
      mark.style.top = `${(100 * (row + 0.5)) / height}%`;
      mark.style.width = `${100 / width}%`;
      mark.style.height = `${100 / height}%`;
    }
    const said = pictures.flatMap(({ name, signed }, i) => {
      if (!this.values[i]) return [];
      const value = this.values[i][row * width + column];
      return `${name} ${signed && value >= 0 ? "+" : ""}${value.toFixed(3).replace("-", "−")}`;
    });
    const where = `Row ${row}, column ${column}`;
    this.output.textContent = `${where}: ${said.join(", ")}`;
    const label = `Pictures of ${width} by ${height} pixels; ${where.toLowerCase()} is chosen. Arrow keys move it.`;
    this.frames[0].frame.setAttribute("aria-label", label);
  }
}

function inside([row, column], { height, width }) {
  return [Math.min(Math.max(row, 0), height - 1), Math.min(Math.max(column, 0), width - 1)];
}

function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

function made(tag, parent, name) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  parent.append(element);
  return element;
}
