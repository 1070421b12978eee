// A picture on which a brush paints. A stroke shows at once; Python hears of it when it ends, and answers with the picture.
//
// Strokes are text, as mad_app/lessons/brush.py describes it.

const SIDE = 720, UNIT = 1000, STEP = 20, FINE_STEP = 5, MOST_POINTS = 200;
const KEYS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const COLOR_NAMES = ["Black", "White", "Gray", "Red", "Orange", "Yellow", "Green", "Blue", "Purple"];

export default function (component) {
  const root = component.parentElement;
  root.brush ??= new Brush(root.querySelector(".brush"));
  root.brush.choice.take(component);
  root.brush.take(component.data);
}

class Brush {
  constructor(root) {
    this.choice = new Choice();
    for (const name of ["canvas", "output", ".undo", ".redo", ".clear", ".size", ".amount", ".colors", ".strength"]) {
      this[name.replace(".", "")] = root.querySelector(name);
    }
    this.tools = [...root.querySelectorAll("[data-tool]")];
    this.strokes = [];
    this.undone = [];
    this.at = [UNIT / 2, UNIT / 2];
    this.tools.forEach((one) => one.addEventListener("click", () => this.choose(one.dataset.tool)));
    this.undo.addEventListener("click", () => this.back());
    this.redo.addEventListener("click", () => this.again());
    this.clear.addEventListener("click", () => { this.undone = []; this.change([]); });
    this.size.addEventListener("input", () => this.draw());
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); this.move(event); this.begin(); });
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "blur"]) canvas.addEventListener(end, () => this.end());
    for (const shown of ["focus", "pointerleave"]) canvas.addEventListener(shown, () => this.draw());
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("keyup", (event) => event.key === " " && this.end());
    this.color = 2;
    this.choose("p");
  }

  async take(data) {
    if (!this.newest) data.colors.forEach((color, i) => this.colors.append(this.swatch(color, i + 1)));
    this.newest = data;
    const image = this.data?.uri === data.uri ? this.image : await decoded(data.uri);
    if (this.newest !== data) return;
    this.image = image;
    this.data = data;
    if (!this.choice.isAhead) {
      this.strokes = data.strokes ? data.strokes.split("_") : [];
      this.drawn = this.strokes.length;
    }
    this.canvas.width = Math.round((SIDE * image.width) / Math.max(image.width, image.height));
    this.canvas.height = Math.round((SIDE * image.height) / Math.max(image.width, image.height));
    this.choose(this.tool);
    this.draw();
  }

  swatch(color, number) {
    const made = document.createElement("button");
    made.type = "button";
    made.style.background = color;
    made.dataset.color = number;
    made.setAttribute("role", "radio");
    made.setAttribute("aria-checked", number === this.color);
    made.setAttribute("aria-label", COLOR_NAMES[number - 1]);
    made.addEventListener("click", () => { this.color = number; this.choose("p"); });
    return made;
  }

  choose(tool) {
    this.tool = tool;
    this.tools.forEach((one) => one.setAttribute("aria-checked", one.dataset.tool === tool));
    this.strength.hidden = tool === "p";
    this.colors.hidden = tool !== "p";
    for (const one of this.colors.children) one.setAttribute("aria-checked", Number(one.dataset.color) === this.color);
  }

  move(event) {
    const box = this.canvas.getBoundingClientRect(), longer = Math.max(box.width, box.height);
    this.go(((event.clientX - box.left) / longer) * UNIT, ((event.clientY - box.top) / longer) * UNIT);
  }

  go(x, y) {
    const { width, height } = this.canvas, scale = UNIT / SIDE;
    this.at = [Math.min(Math.max(x, 0), width * scale), Math.min(Math.max(y, 0), height * scale)].map(Math.round);
    const last = this.points?.at(-1);
    if (last && this.points.length < MOST_POINTS && Math.hypot(this.at[0] - last[0], this.at[1] - last[1]) >= this.size.value / 3) {
      this.points.push(this.at);
    }
    this.draw();
  }

  begin() {
    this.points ??= [this.at];
    this.draw();
  }

  end() {
    if (!this.points) return;
    if (String(this.points.at(-1)) !== String(this.at) && this.points.length < MOST_POINTS) this.points.push(this.at);
    const amount = this.tool === "p" ? this.color : this.amount.value;
    const stroke = [`${this.tool}${amount}`, this.size.value, ...this.points.flat()].join(".");
    this.points = undefined;
    if ([...this.strokes, stroke].join("_").length > this.data.longest) {
      this.isFull = true;
      return this.draw();
    }
    this.undone = [];
    this.change([...this.strokes, stroke]);
  }

  press(event) {
    const step = KEYS[event.key];
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.back();
    else if (event.key === " ") this.begin();
    else if (step) {
      const far = event.shiftKey ? FINE_STEP : STEP;
      this.go(this.at[0] + far * step[0], this.at[1] + far * step[1]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  back() {
    if (!this.strokes.length) return;
    this.undone.push(this.strokes.at(-1));
    this.change(this.strokes.slice(0, -1));
  }

  again() {
    if (this.undone.length) this.change([...this.strokes, this.undone.pop()]);
  }

  change(strokes) {
    this.strokes = strokes;
    this.isFull = false;
    this.choice.tell(strokes.join("_"));
    this.draw();
  }

  draw() {
    if (!this.image) return;
    const context = this.canvas.getContext("2d"), scale = SIDE / UNIT;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.image, 0, 0, this.canvas.width, this.canvas.height);
    for (const stroke of this.strokes.slice(this.drawn)) this.trace(context, ...parsed(stroke));
    if (this.points) this.trace(context, this.tool, this.color, this.size.value, [...this.points, this.at]);
    const [x, y] = this.at.map((one) => one * scale);
    for (const [color, width] of [["#000", 4], ["#fff", 2]]) {
      context.beginPath();
      context.arc(x, y, Math.max(this.size.value * scale, 3), 0, 7);
      context.lineWidth = width;
      context.strokeStyle = color;
      context.stroke();
    }
    this.undo.disabled = !this.strokes.length;
    this.redo.disabled = !this.undone.length;
    this.clear.disabled = !this.strokes.length;
    const count = this.strokes.length === 1 ? "1 stroke" : `${this.strokes.length} strokes`;
    this.canvas.setAttribute("aria-label", `Your picture with ${count}. Arrow keys move the brush, the space bar paints.`);
    this.output.textContent = this.isFull ? "No more strokes fit: undo some." : count;
  }

  trace(context, tool, amount, radius, points) {
    const scale = SIDE / UNIT;
    context.beginPath();
    points.forEach(([x, y]) => context.lineTo(x * scale, y * scale));
    if (points.length === 1) context.lineTo(points[0][0] * scale + 0.1, points[0][1] * scale);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = Math.max(1.4 * radius * scale, 2);
    context.strokeStyle = tool === "p" ? this.data.colors[amount - 1] : "rgb(255 255 255 / 45%)";
    context.stroke();
  }
}

function parsed(stroke) {
  const [tool, radius, ...numbers] = stroke.split(".");
  const points = numbers.flatMap((one, i) => (i % 2 ? [] : [[Number(one), Number(numbers[i + 1])]]));
  return [tool[0], Number(tool[1]), Number(radius), points];
}

async function decoded(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  return image;
}
