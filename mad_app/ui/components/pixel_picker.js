// A picture in which a pixel is chosen, and the pixels around it, large, with the values that are marked.
//
// The marker follows the hand at once; Python answers with other marks.

const REST_MILLISECONDS = 60;
const SIDE = 640; // of both drawings, in dots
const POSITIVE = [213, 94, 0], NEGATIVE = [0, 114, 178];
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export default function (component) {
  const root = component.parentElement;
  root.picker ??= new Picker(root.querySelector(".picker"));
  root.picker.choice.take(component);
  root.picker.take(component.data);
}

class Picker {
  constructor(place) {
    this.choice = new Choice();
    this.whole = canvas(place, "whole");
    this.near = canvas(place, "near");
    this.whole.tabIndex = 0;
    this.whole.setAttribute("role", "application");
    this.whole.setAttribute("aria-label", "Picture. Arrow keys move the chosen pixel."); // until it is decoded
    this.near.setAttribute("role", "img");
    this.near.setAttribute("aria-label", "The pixels around the chosen one.");
    this.whole.addEventListener("pointerdown", (event) => this.point(event));
    this.whole.addEventListener("pointermove", (event) => event.buttons & 1 && this.point(event));
    this.whole.addEventListener("keydown", (event) => this.press(event));
  }

  async take(data) {
    this.newest = data;
    if (this.data?.uri !== data.uri) {
      const image = new Image();
      image.src = data.uri;
      await image.decode();
      if (this.newest !== data) return;
      this.image = image;
      this.colorOf = colorsOf(image);
    }
    this.data = data;
    if (!this.choice.isAhead) [this.row, this.column] = [data.row, data.column];
    this.draw();
  }

  point(event) {
    const box = this.whole.getBoundingClientRect();
    this.choose(
      Math.floor(((event.clientY - box.top) / box.height) * this.data.height),
      Math.floor(((event.clientX - box.left) / box.width) * this.data.width),
    );
  }

  press(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 8 : 1;
    this.choose(this.row + far * step[0], this.column + far * step[1]);
  }

  choose(row, column) {
    this.row = Math.min(Math.max(row, 0), this.data.height - 1);
    this.column = Math.min(Math.max(column, 0), this.data.width - 1);
    this.draw();
    this.choice.tell([this.row, this.column], REST_MILLISECONDS);
  }

  draw() {
    this.drawWhole();
    this.drawNear();
    const { width, height, cells } = this.data;
    const at = `row ${this.row}, column ${this.column}`;
    this.whole.setAttribute("aria-label", `Picture of ${width} by ${height} pixels; ${at} is chosen. Arrow keys move it.`);
    this.near.setAttribute("aria-label", `The pixels around ${at}, with the ${cells.length} values that predict it.`);
  }

  drawWhole() {
    const { width, height, reach } = this.data, scale = SIDE / Math.max(width, height);
    size(this.whole, width * scale, height * scale);
    const context = this.whole.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(this.image, 0, 0, width * scale, height * scale);
    const box = [this.column - reach - 0.5, this.row - reach - 0.5, 2 * reach + 2, reach + 3];
    frame(context, box.map((value) => value * scale), 2);
    frame(context, [this.column * scale - 2, this.row * scale - 2, scale + 4, scale + 4], 3);
  }

  drawNear() {
    const { reach, channel, cells } = this.data, across = 2 * reach + 1, down = reach + 2;
    const pixel = Math.floor(SIDE / across), stripe = pixel / 3, pad = Math.max(1, pixel * 0.05);
    size(this.near, across * pixel, down * pixel);
    const context = this.near.getContext("2d");
    for (let i = 0; i < down; i++) {
      for (let j = 0; j < across; j++) {
        const row = this.row + i - reach, column = this.column + j - reach;
        context.fillStyle = this.colorOf(row, column);
        context.clearRect(j * pixel, i * pixel, pixel, pixel);
        context.fillRect(j * pixel, i * pixel, pixel - pad, pixel - pad);
        const later = i > reach || (i === reach && j > reach);
        if (later) this.dim(context, j * pixel, i * pixel, pixel, pixel);
      }
    }
    const left = reach * pixel, top = reach * pixel;
    cells.forEach((cell, i) => {
      const x = left + cell.right * pixel + cell.channel * stripe, y = top + cell.down * pixel;
      const strength = Math.abs(cell.weight), color = cell.weight > 0 ? POSITIVE : NEGATIVE;
      const shade = color.map((one) => Math.round(255 + (one - 255) * strength));
      context.fillStyle = `rgb(${shade})`;
      context.fillRect(x + pad / 2, y + pad, stripe - 1.5 * pad, pixel - 3 * pad);
      context.fillStyle = strength > 0.55 ? "#fff" : "#111";
      context.font = `${Math.round(Math.min(stripe * 0.72, pixel * 0.4))}px sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(String(i + 1), x + stripe / 2, y + pixel / 2);
    });
    frame(context, [left + channel * stripe, top + 2, stripe - pad, pixel - pad - 4], 3);
  }

  dim(context, ...box) {
    context.fillStyle = "rgb(140 140 140 / 70%)";
    context.fillRect(...box);
  }
}

function canvas(place, name) {
  const made = document.createElement("canvas");
  made.className = name;
  place.append(made);
  return made;
}

function size(canvas, width, height) {
  if (canvas.width !== Math.round(width) || canvas.height !== Math.round(height)) {
    canvas.width = Math.round(width);
    canvas.height = Math.round(height);
  }
}

function frame(context, box, thick) {
  for (const [color, width] of [["#000", thick + 3], ["#fff", thick]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.strokeRect(...box);
  }
}

function colorsOf(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return (row, column) => {
    if (row < 0 || column < 0 || row >= height || column >= width) return "rgb(128 128 128 / 15%)";
    const at = 4 * (row * width + column);
    return `rgb(${data.slice(at, at + 3)})`;
  };
}
