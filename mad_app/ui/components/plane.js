// A plane with level curves, a start that is dragged, and four points that move along the curves step by step.
//
// The start follows the hand at once; Python answers with other curves and ways, which are shown at their end, or at
// the start where that was asked for meanwhile.

const REST_MILLISECONDS = 80, STEP_MILLISECONDS = 110, SLOW_MILLISECONDS = 900, LONGEST_ARROW = 0.16;
const LETTERS = "ABCD";
const KEYS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export default function (component) {
  const root = component.parentElement;
  root.plane ??= new Plane(root.querySelector(".plane"));
  root.plane.choice.take(component);
  root.plane.take(component.data);
  return () => root.plane.stop();
}

class Plane {
  constructor(root) {
    this.choice = new Choice();
    for (const name of ["svg", ".start", ".play", ".step", ".again", ".slow", "output"]) {
      this[name.replace(".", "")] = root.querySelector(name);
    }
    this.handle = this.start;
    this.frame = Infinity;
    this.handle.addEventListener("pointerdown", (event) => this.handle.setPointerCapture(event.pointerId));
    this.handle.addEventListener("pointermove", (event) => event.buttons & 1 && this.drag(event));
    this.svg.addEventListener("pointerdown", (event) => this.drag(event));
    this.handle.addEventListener("keydown", (event) => this.press(event));
    this.play.addEventListener("click", () => (this.timer ? this.stop() : this.run()));
    this.step.addEventListener("click", () => { this.stop(); this.go(this.frame >= this.last ? 1 : this.frame + 1); });
    this.again.addEventListener("click", () => { this.stop(); this.go(0); this.fromStart = this.choice.isAhead; });
    this.slow.addEventListener("change", () => this.draw());
  }

  take(data) {
    if (this.choice.isAhead) return;
    const same = JSON.stringify(data) === JSON.stringify(this.data);
    this.data = data;
    this.last = Math.max(0, ...data.ways.map(([points]) => points.length - 1));
    this.at = data.start;
    if (!same) {
      this.stop();
      this.frame = this.fromStart ? 0 : this.last;
      this.fromStart = false;
    }
    this.draw();
  }

  drag(event) {
    const matrix = this.svg.getScreenCTM().inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    this.move(x, 1 - y);
  }

  press(event) {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(this.at[0] + 0.02 * step[0], this.at[1] + 0.02 * step[1]);
  }

  move(x, y) {
    this.at = [x, y].map((value) => Math.round(100 * Math.min(Math.max(value, 0), 1)) / 100);
    this.choice.tell(this.at, REST_MILLISECONDS);
    this.fromStart = false;
    this.stop();
    this.go(0);
  }

  run() {
    if (this.frame >= this.last) this.frame = 0;
    const tick = () => {
      if (this.frame >= this.last) return this.stop();
      this.go(this.frame + 1);
      this.timer = setTimeout(tick, this.slow.checked ? SLOW_MILLISECONDS : STEP_MILLISECONDS);
    };
    this.timer = setTimeout(tick, STEP_MILLISECONDS);
    this.draw();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.data) this.draw();
  }

  go(frame) {
    this.frame = Math.min(frame, this.last);
    this.draw();
  }

  draw() {
    const { reference, curves, ways, axes } = this.data, moved = this.choice.isAhead;
    const parts = [node("rect", { x: 0, y: 0, width: 1, height: 1 })];
    parts.push(node("text", { x: 0.5, y: 1.075 }, axes[0]), node("text", { transform: "translate(-0.045 0.5) rotate(-90)" }, axes[1]));
    for (const { style, path } of curves) {
      if (!moved || !style.includes("level")) parts.push(node("path", { d: path, class: style }));
    }
    if (!moved) ways.forEach((way, i) => parts.push(...this.way(way, LETTERS[i])));
    parts.push(circle(reference, 0.012, "original"), label(reference, "original", 0, 0.045));
    parts.push(circle(this.at, 0.017, "begin"));
    if (this.frame === 0 || moved) parts.push(label(this.at, "start", 0, -0.03));
    this.svg.replaceChildren(...parts);
    const box = this.svg.viewBox.baseVal;
    this.handle.style.left = `${(100 * (this.at[0] - box.x)) / box.width}%`;
    this.handle.style.top = `calc((100% - var(--bar, 0px)) * ${(1 - this.at[1] - box.y) / box.height})`;
    this.handle.style.setProperty("--bar", `${this.handle.parentElement.offsetHeight - this.svg.getBoundingClientRect().height}px`);
    this.handle.setAttribute("aria-label", `Start: left pixel ${this.at[0]}, right pixel ${this.at[1]}. Arrow keys move it.`);
    this.play.textContent = this.timer ? "Pause" : "Play";
    this.output.textContent = `Step ${Math.min(this.frame, this.last)} of ${this.last}`;
  }

  way([points, gradients, tangents], letter) {
    const k = Math.min(this.frame, points.length - 1), now = points[k];
    const trace = points.slice(0, k + 1).map(([x, y]) => `${x} ${1 - y}`).join("L");
    const parts = [node("path", { d: `M${trace}`, class: `trace ${letter}` })];
    if (this.slow.checked && k < gradients.length) {
      const longest = Math.max(...gradients.map((g) => Math.hypot(...g))) || 1;
      const [g, t] = [gradients[k].map((one) => (one / longest) * LONGEST_ARROW), tangents[k]];
      const tip = [now[0] + t[0], now[1] + t[1]];
      parts.push(line(now, [now[0] + g[0], now[1] + g[1]], `gradient ${letter}`), line(now, tip, letter));
      parts.push(line(tip, points[k + 1], `back ${letter}`));
    }
    const away = [now[0] - this.data.reference[0], now[1] - this.data.reference[1]], far = Math.hypot(...away) || 1;
    if (k > 0) parts.push(label(now, letter, (0.045 * away[0]) / far, (-0.045 * away[1]) / far + 0.012, `point ${letter}`));
    parts.push(circle(now, 0.014, letter));
    return parts;
  }
}

function node(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function circle([x, y], r, style) {
  return node("circle", { cx: x, cy: 1 - y, r, class: style });
}

function line([x1, y1], [x2, y2], style) {
  return node("line", { x1, y1: 1 - y1, x2, y2: 1 - y2, class: style });
}

function label([x, y], text, right, down, style = "") {
  return node("text", { x: x + right, y: 1 - y + down, class: style }, text);
}
