// The crop control: a frame on the picture, moved and resized by mouse, touch and keys; `crop.py` says what its data are.
//
// Boxes are [left, top, right, bottom] in whole pixels of the picture. What is dragged is drawn at once; the page hears
// of it when the pointer is released, or a moment after the last key.

const SHAPES = [["Free", 0], ["Square", 1], ["3:2", 3 / 2], ["4:3", 4 / 3]];
const LEAST = 16; // pixels of the shorter side
const KEY_STEP = 0.02; // of the picture's shorter side
const QUIET_MILLISECONDS = 400; // after the last key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export default function (component) {
  const root = component.parentElement;
  root.crop ??= new Crop(root);
  root.crop.choice.take(component);
  root.crop.take(component.data);
}

class Crop {
  constructor(root) {
    this.choice = new Choice();
    this.root = root;
    this.ratio = 0;
  }

  take(data) {
    this.bind();
    if (this.held || this.choice.isAhead) return; // what the visitor does comes first
    if (this.picture !== data.picture) this.ratio = 0;
    [this.picture, this.width, this.height, this.box] = [data.picture, data.width, data.height, data.box];
    this.root.querySelector("img").src = this.picture;
    this.draw();
  }

  bind() { // also after the page has made the elements anew
    const stage = this.root.querySelector(".stage");
    if (stage === this.stage) return;
    [this.stage, this.held] = [stage, null];
    stage.addEventListener("pointerdown", (event) => this.begin(event));
    stage.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => this.end());
    stage.addEventListener("dragstart", (event) => event.preventDefault()); // the browser's own dragging ends ours
    stage.addEventListener("keydown", (event) => this.press(event));
    this.root.querySelector(".whole").addEventListener("click", () => this.takeWhole());
    this.buttons = SHAPES.map(([title, ratio]) => {
      const button = this.root.querySelector(".shapes").appendChild(document.createElement("button"));
      button.type = "button";
      button.textContent = title;
      button.addEventListener("click", () => this.shape(ratio));
      return button;
    });
  }

  // ---- by pointer ----

  begin(event) {
    const handle = event.target.dataset?.handle;
    if (event.button || !(handle || event.target.classList.contains("frame"))) return;
    const [x, y] = this.pixel(event), [left, top, right, bottom] = this.box;
    if (!handle && this.isWhole() && event.pointerType === "touch") return; // scrolls the page
    event.target.setPointerCapture(event.pointerId);
    if (handle) { // the pointer keeps its distance from the corner
      const away = [x - (handle.includes("w") ? left : right), y - (handle.includes("n") ? top : bottom)];
      this.held = { ...this.corner(handle), away };
    } else this.held = this.isWhole() ? { x, y, new: true, away: [0, 0] } : { move: [x - left, y - top] };
  }

  drag(event) {
    if (!this.held) return;
    const [x, y] = this.pixel(event), { move } = this.held;
    if (move) this.moveTo(x - move[0], y - move[1]);
    else if (!this.held.new || Math.hypot(x - this.held.x, y - this.held.y) >= LEAST) {
      this.stretch(this.held, x - this.held.away[0], y - this.held.away[1]);
    }
    this.draw();
  }

  end() {
    if (!this.held) return;
    this.held = null;
    this.choice.tell(this.box);
  }

  pixel(event) {
    const area = this.stage.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width * this.width, (event.clientY - area.top) / area.height * this.height];
  }

  // ---- by keys ----

  press(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey) return;
    event.preventDefault();
    const step = Math.max(1, Math.round(KEY_STEP * Math.min(this.width, this.height)));
    const [dx, dy] = arrow.map((one) => one * step), [left, top, right, bottom] = this.box;
    const handle = event.target.dataset?.handle ?? (event.shiftKey || event.ctrlKey || event.metaKey ? "se" : "");
    if (handle) {
      const x = (handle.includes("w") ? left : right) + dx, y = (handle.includes("n") ? top : bottom) + dy;
      this.stretch(this.corner(handle), x, y, dy ? "height" : "width");
    } else this.moveTo(left + dx, top + dy);
    this.draw();
    this.choice.tell(this.box, QUIET_MILLISECONDS);
  }

  // ---- the frame ----

  isWhole() {
    const [left, top, right, bottom] = this.box;
    return left === 0 && top === 0 && right === this.width && bottom === this.height;
  }

  corner(handle) { // the corner opposite to a handle, which stays
    const [left, top, right, bottom] = this.box;
    return { x: handle.includes("w") ? right : left, y: handle.includes("n") ? bottom : top, handle };
  }

  moveTo(left, top) {
    const [width, height] = [this.box[2] - this.box[0], this.box[3] - this.box[1]];
    const x = clamp(Math.round(left), 0, this.width - width), y = clamp(Math.round(top), 0, this.height - height);
    this.box = [x, y, x + width, y + height];
  }

  stretch(from, x, y, by = "both") { // from a corner that stays to a point; in a shape, one side follows from the other
    const west = from.handle ? from.handle.includes("w") : x < from.x, north = from.handle ? from.handle.includes("n") : y < from.y;
    const room = [west ? from.x : this.width - from.x, north ? from.y : this.height - from.y];
    let width = clamp((west ? -1 : 1) * (x - from.x), LEAST, room[0]), height = clamp((north ? -1 : 1) * (y - from.y), LEAST, room[1]);
    if (this.ratio) {
      const widths = { width, height: height * this.ratio };
      width = widths[by] ?? Math.max(widths.width, widths.height);
      width = clamp(width, LEAST * Math.max(1, this.ratio), Math.min(room[0], room[1] * this.ratio));
      height = width / this.ratio;
    }
    this.place(west ? from.x - width : from.x, north ? from.y - height : from.y, width, height);
  }

  shape(ratio) { // a second press on a shape turns it
    this.ratio = ratio && (this.ratio === ratio || (!this.ratio && this.height > this.width) ? 1 / ratio : ratio);
    if (this.ratio) {
      const [left, top, right, bottom] = this.box, area = (right - left) * (bottom - top);
      const width = Math.min(Math.sqrt(area * this.ratio), this.width, this.height * this.ratio), height = width / this.ratio;
      const x = clamp((left + right - width) / 2, 0, this.width - width), y = clamp((top + bottom - height) / 2, 0, this.height - height);
      this.place(x, y, width, height);
      this.choice.tell(this.box);
    }
    this.draw();
  }

  place(x, y, width, height) {
    const w = clamp(Math.round(width), 1, this.width), h = clamp(Math.round(height), 1, this.height);
    const left = clamp(Math.round(x), 0, this.width - w), top = clamp(Math.round(y), 0, this.height - h);
    this.box = [left, top, left + w, top + h];
  }

  takeWhole() {
    this.ratio = 0;
    this.box = [0, 0, this.width, this.height];
    this.draw();
    this.choice.tell(this.box);
  }

  // ---- what is seen ----

  draw() {
    const [left, top, right, bottom] = this.box, frame = this.root.querySelector(".frame");
    const percent = (part, whole) => `${100 * part / whole}%`;
    Object.assign(frame.style, {
      left: percent(left, this.width), top: percent(top, this.height),
      width: percent(right - left, this.width), height: percent(bottom - top, this.height),
    });
    frame.classList.toggle("all", this.isWhole());
    for (const handle of this.root.querySelectorAll(".handle")) { // inside the frame, so that none is cut off
      const [west, north] = [handle.dataset.handle.includes("w"), handle.dataset.handle.includes("n")];
      handle.style.left = `calc(${percent(west ? left : right, this.width)} - ${west ? 8 : 20}px)`;
      handle.style.top = `calc(${percent(north ? top : bottom, this.height)} - ${north ? 8 : 20}px)`;
    }
    const text = `${right - left} × ${bottom - top} pixels`;
    const told = this.isWhole() ? `All of it, ${text}` : `${text} at ${left}, ${top}`;
    this.root.querySelector("output").textContent = told;
    frame.setAttribute("aria-label", `Frame: ${told}`);
    this.root.querySelector(".whole").disabled = this.isWhole();
    this.buttons.forEach((button, i) => {
      const ratio = SHAPES[i][1], turned = ratio && this.ratio && Math.abs(this.ratio * ratio - 1) < 1e-9;
      button.setAttribute("aria-pressed", String(this.ratio === ratio || Boolean(turned)));
      button.textContent = turned && ratio !== 1 ? SHAPES[i][0].split(":").reverse().join(":") : SHAPES[i][0];
    });
  }
}

function clamp(value, low, high) { return Math.min(Math.max(value, Math.min(low, high)), high); }
