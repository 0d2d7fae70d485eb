"use strict";
// Two things: tables that sort, and the viewer. Arrays are (X, Y, Z) in C order, axes to the right, front and top.

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}

function sortBy(head) {
  const rising = head.getAttribute("aria-sort") !== "ascending";
  const body = head.closest("table").tBodies[0];
  const value = (row) => row.cells[head.cellIndex].dataset.value ?? row.cells[head.cellIndex].textContent;
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
    return rising ? order : -order;
  };
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  body.append(...[...body.rows].sort((a, b) => compare(value(a), value(b))));
}

async function unpack({ data, smooth }) {
  const packed = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  if (smooth) for (let n = 1; n < bytes.length; n++) bytes[n] += bytes[n - 1];
  return bytes;
}

function ramp(anchors) {
  const colours = anchors.map(rgb);
  return Array.from({ length: 256 }, (_, code) => {
    const place = (code / 255) * (colours.length - 1);
    const low = Math.min(Math.floor(place), colours.length - 2);
    return [0, 1, 2].map((k) => colours[low][k] + (place - low) * (colours[low + 1][k] - colours[low][k]));
  });
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

async function start(holder) {
  const pair = JSON.parse(holder.textContent);
  const names = Object.keys(pair.volumes);
  const volumes = {};
  try {
    await Promise.all(names.map(async (name) => { volumes[name] = await unpack(pair.volumes[name]); }));
  } catch {
    document.getElementById("caption").textContent = "This browser cannot unpack the images; a version from 2023 or later can.";
    return;
  }
  new Viewer(pair, volumes).open();
}

class Viewer {
  // A plane: [axis scrolled, axis to the right, axis upwards, letters of left, right, top, bottom].
  static PLANES = {
    axial: [2, 0, 1, "LRAP"],
    coronal: [1, 0, 2, "LRSI"],
    sagittal: [0, 1, 2, "PASI"],
  };

  constructor(pair, volumes) {
    this.pair = pair;
    this.v = volumes;
    this.at = pair.start.slice();
    this.view = "warped";
    this.diverging = ramp(pair.palette.diverging);
    this.sequential = ramp(pair.palette.sequential);
    this.colours = pair.colours.map(rgb);
    const [, y, z] = pair.size;
    this.stride = [y * z, z, 1];
    this.panels = [...document.querySelectorAll("#viewer figure")].map((figure) => this.panel(figure));
  }

  open() {
    for (const input of document.querySelectorAll("#viewer input[name=view]")) {
      input.addEventListener("change", () => this.show(input.value));
    }
    addEventListener("resize", () => this.draw());
    addEventListener("beforeprint", () => this.draw());
    addEventListener("hashchange", () => this.follow());
    this.follow();
    document.getElementById("viewer").dataset.ready = "yes";
  }

  // #view=grid&at=40,30,20 opens the page at a view and a voxel, so that a finding can be linked to.
  follow() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    const place = (wanted.get("at") ?? "").split(",").map(Number);
    if (place.length === 3 && place.every(Number.isInteger)) this.at = place.map((value, axis) => this.clamp(axis, value));
    const input = document.querySelector(`#viewer input[value="${CSS.escape(wanted.get("view") ?? this.view)}"]`);
    if (input) input.checked = true;
    this.show(input ? input.value : this.view);
  }

  clamp(axis, value) {
    return Math.max(0, Math.min(this.pair.size[axis] - 1, value));
  }

  panel(figure) {
    const canvas = figure.querySelector("canvas");
    const [through, across, up, letters] = Viewer.PLANES[canvas.dataset.plane];
    const slider = figure.querySelector("input");
    const panel = { figure, canvas, slider, through, across, up, image: document.createElement("canvas") };
    panel.width = this.pair.size[across];
    panel.height = this.pair.size[up];
    [panel.image.width, panel.image.height] = [panel.width, panel.height];
    figure.style.flexGrow = panel.width * this.pair.spacing[across];
    ["left", "right", "top", "bottom"].forEach((side, n) => { figure.querySelector("." + side).textContent = letters[n]; });
    slider.max = this.pair.size[through] - 1;
    slider.addEventListener("input", () => this.go(through, slider.valueAsNumber));
    canvas.addEventListener("wheel", (event) => this.wheel(event, panel), { passive: false });
    canvas.addEventListener("pointermove", (event) => this.pointer(event, panel, event.buttons === 1));
    canvas.addEventListener("pointerdown", (event) => this.pointer(event, panel, true));
    canvas.addEventListener("pointerleave", () => this.read(this.at));
    return panel;
  }

  wheel(event, panel) {
    const next = this.clamp(panel.through, this.at[panel.through] - Math.sign(event.deltaY));
    if (next === this.at[panel.through]) return;  // at the last slice the page scrolls on
    event.preventDefault();
    this.go(panel.through, next);
  }

  pointer(event, panel, move) {
    const box = panel.canvas.getBoundingClientRect();
    const voxel = this.at.slice();
    voxel[panel.across] = this.clamp(panel.across, Math.floor(((event.clientX - box.left) / box.width) * panel.width));
    voxel[panel.up] = this.clamp(panel.up, panel.height - 1 - Math.floor(((event.clientY - box.top) / box.height) * panel.height));
    if (move) { this.at = voxel; this.draw(); }
    this.read(voxel);
  }

  go(axis, value) {
    this.at[axis] = value;
    this.draw();
    this.read(this.at);
  }

  show(view) {
    this.view = view;
    document.getElementById("caption").textContent = CAPTIONS[view];
    this.legend();
    this.draw();
    this.read(this.at);
  }

  draw() {
    for (const panel of this.panels) this.drawPanel(panel);
  }

  drawPanel(panel) {
    const { canvas, across, up, through } = panel;
    const scale = (canvas.clientWidth * (window.devicePixelRatio || 1)) / panel.width;
    canvas.width = Math.round(panel.width * scale);
    canvas.height = Math.round((canvas.width * panel.height * this.pair.spacing[up]) / (panel.width * this.pair.spacing[across]));
    panel.slider.value = this.at[through];
    panel.figure.querySelector(".where").textContent = `slice ${this.at[through] + 1} of ${this.pair.size[through]}`;
    panel.image.getContext("2d").putImageData(this.pixels(panel), 0, 0);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(panel.image, 0, 0, canvas.width, canvas.height);
    // From here on in voxels: x to the right, y upwards, voxel centres at integers.
    context.setTransform(canvas.width / panel.width, 0, 0, -canvas.height / panel.height, 0, canvas.height);
    context.translate(0.5, 0.5);
    context.lineWidth = 1.25 * (window.devicePixelRatio || 1) * (panel.width / canvas.width);
    this.overlay(panel, context);
    this.crosshair(panel, context);
  }

  base({ through }) {
    return this.at[through] * this.stride[through];
  }

  pixels(panel) {
    const picture = new ImageData(panel.width, panel.height);
    const shade = this.shader();
    const [right, above, base] = [this.stride[panel.across], this.stride[panel.up], this.base(panel)];
    for (let b = 0, n = 0; b < panel.height; b++) {
      for (let a = 0; a < panel.width; a++, n += 4) {
        const row = panel.height - 1 - b;
        const colour = shade(base + a * right + row * above, this.tile(panel, a, row));
        picture.data[n] = colour[0];
        picture.data[n + 1] = colour[1];
        picture.data[n + 2] = colour[2];
        picture.data[n + 3] = 255;
      }
    }
    return picture;
  }

  // Checkerboard: tiles of about 20 mm, the same on every slice.
  tile({ across, up }, a, b) {
    const steps = [across, up].map((axis) => Math.max(2, Math.round(20 / this.pair.spacing[axis])));
    return (Math.floor(a / steps[0]) + Math.floor(b / steps[1])) % 2;
  }

  shader() {
    const { moving, fixed, warped, logj, carried, deviation, mask } = this.v;
    const grey = (code) => [code, code, code];
    const difference = (image) => (n) => this.diverging[Math.max(0, Math.min(255, 128 + image[n] - fixed[n]))];
    // Outside the brain only smoothness drives the field: it is shown, but dimmed.
    const dimmed = (n, colour) => (mask[n] ? colour : colour.map((value) => value * 0.35));
    const over = (image, colour, share) => colour.map((value, k) => value * share + image * (1 - share));
    const shaders = {
      moving: (n) => grey(moving[n]),
      fixed: (n) => grey(fixed[n]),
      "difference-before": difference(moving),
      "difference-after": difference(warped),
      "checker-before": (n, odd) => grey(odd ? moving[n] : fixed[n]),
      "checker-after": (n, odd) => grey(odd ? warped[n] : fixed[n]),
      "outlines-before": (n) => grey(moving[n] * 0.85),
      "outlines-after": (n) => grey(warped[n] * 0.85),
      colours: (n) => (carried[n] ? over(warped[n], this.colours[carried[n]], 0.55) : grey(warped[n])),
      grid: (n) => grey(warped[n] * 0.5),
      jacobian: (n) => dimmed(n, over(warped[n], this.diverging[this.shownLog(logj[n])], 0.78)),
      deviation: (n) => dimmed(n, over(warped[n], this.sequential[deviation[n]], 0.8)),
    };
    return shaders[this.view] ?? ((n) => grey(warped[n]));
  }

  // Codes span -1.5 to 1.5, colours -1 to 1: little changes stay visible.
  shownLog(code) {
    return Math.max(0, Math.min(255, Math.round(128 + (code - 128) * 1.5)));
  }

  overlay(panel, context) {
    if (this.view === "outlines-before" || this.view === "outlines-after") {
      const labels = this.view === "outlines-before" ? this.v.moving_labels : this.v.carried;
      this.outlines(panel, context, labels, this.pair.palette.carried);
      this.outlines(panel, context, this.v.fixed_labels, this.pair.palette.fixed);
    }
    if (this.view === "grid") this.grid(panel, context);
    if (this.view === "grid" || this.view === "jacobian") this.folds(panel, context);
  }

  // Between four voxel centres the boundary runs through the middles of those sides whose ends differ.
  outlines(panel, context, labels, colour) {
    const [right, above, base] = [this.stride[panel.across], this.stride[panel.up], this.base(panel)];
    context.beginPath();
    for (let b = 0; b < panel.height - 1; b++) {
      for (let a = 0; a < panel.width - 1; a++) {
        const n = base + a * right + b * above;
        const [p, q, r, s] = [labels[n], labels[n + right], labels[n + right + above], labels[n + above]];
        if (p === q && q === r && r === s) continue;
        const crossings = [];
        if (p !== q) crossings.push([a + 0.5, b]);
        if (q !== r) crossings.push([a + 1, b + 0.5]);
        if (r !== s) crossings.push([a + 0.5, b + 1]);
        if (s !== p) crossings.push([a, b + 0.5]);
        join(context, crossings, [a + 0.5, b + 0.5]);
      }
    }
    context.strokeStyle = colour;
    context.stroke();
  }

  // A regular grid of the moving image, warped with it: level lines of p + u(p), along both axes of the plane.
  grid(panel, context) {
    context.strokeStyle = "#e9eef4";
    for (const axis of [panel.across, panel.up]) {
      context.beginPath();
      this.levels(panel, context, axis, Math.max(2, Math.round(8 / this.pair.spacing[axis])));
      context.stroke();
    }
  }

  levels(panel, context, axis, gap) {
    const { low, high } = this.pair.volumes["u" + axis];
    const [right, above, base, u] = [this.stride[panel.across], this.stride[panel.up], this.base(panel), this.v["u" + axis]];
    const value = (a, b) => (axis === panel.across ? a : b) + low + (u[base + a * right + b * above] * (high - low)) / 255;
    for (let b = 0; b < panel.height - 1; b++) {
      for (let a = 0; a < panel.width - 1; a++) {
        const corners = [[a, b], [a + 1, b], [a + 1, b + 1], [a, b + 1]];
        const values = corners.map(([x, y]) => value(x, y));
        const last = Math.floor(Math.max(...values) / gap) * gap;
        for (let level = Math.ceil(Math.min(...values) / gap) * gap; level <= last; level += gap) {
          join(context, crossed(corners, values, level), [a + 0.5, b + 0.5]);
        }
      }
    }
  }

  folds(panel, context) {
    const [right, above, base] = [this.stride[panel.across], this.stride[panel.up], this.base(panel)];
    context.fillStyle = this.pair.palette.fold;
    for (let b = 0; b < panel.height; b++) {
      for (let a = 0; a < panel.width; a++) {
        if (this.v.logj[base + a * right + b * above] === 0) context.fillRect(a - 0.5, b - 0.5, 1, 1);
      }
    }
  }

  crosshair(panel, context) {
    const [a, b] = [this.at[panel.across], this.at[panel.up]];
    context.strokeStyle = "rgba(255, 255, 255, .28)";
    context.lineWidth /= 1.25;
    context.beginPath();
    context.moveTo(-0.5, b); context.lineTo(panel.width, b);
    context.moveTo(a, -0.5); context.lineTo(a, panel.height);
    context.stroke();
  }

  legend() {
    const { volumes, palette } = this.pair;
    const box = document.getElementById("legend");
    const bars = {
      "difference-before": [palette.diverging, "−0.5", "0", "+0.5 of the grey window"],
      "difference-after": [palette.diverging, "−0.5", "0", "+0.5 of the grey window"],
      jacobian: [palette.diverging, "−1 shrinks", "log J = 0", "+1 grows"],
      deviation: volumes.deviation && [palette.sequential, `${volumes.deviation.low.toPrecision(2)} mm`, "", `${volumes.deviation.high.toPrecision(2)} mm`],
    };
    const keys = { "outlines-before": "moving labels", "outlines-after": "carried labels" };
    box.replaceChildren();
    if (bars[this.view]) this.bar(box, ...bars[this.view]);
    if (keys[this.view]) this.keys(box, [[palette.fixed, "fixed labels"], [palette.carried, keys[this.view]]]);
    if (this.view === "jacobian" || this.view === "grid") this.keys(box, [[palette.fold, "folded: J ≤ 0"]]);
  }

  bar(box, anchors, ...ends) {
    const bar = box.appendChild(document.createElement("span"));
    bar.className = "bar";
    bar.style.background = `linear-gradient(to right, ${anchors.join(", ")})`;
    const words = box.appendChild(document.createElement("span"));
    words.className = "ends";
    words.append(...ends.map((end) => Object.assign(document.createElement("span"), { textContent: end })));
  }

  keys(box, entries) {
    for (const [colour, name] of entries) {
      const key = box.appendChild(document.createElement("span"));
      key.className = "key";
      key.style.background = colour;
      box.append(name + "\u2002");
    }
  }

  read(voxel) {
    const n = voxel.reduce((sum, value, axis) => sum + value * this.stride[axis], 0);
    const mm = this.pair.affine.map((row) => row[0] * voxel[0] + row[1] * voxel[1] + row[2] * voxel[2] + row[3]);
    const sides = [["L", "R"], ["P", "A"], ["I", "S"]];
    const parts = [mm.map((value, k) => `${sides[k][+(value >= 0)]} ${Math.abs(value).toFixed(0)}`).join("  ") + " mm"];
    for (const [name, map] of [["fixed", "fixed_labels"], ["carried", "carried"]]) {
      if (this.v[map]) parts.push(`${name}: ${this.pair.labels[this.v[map][n]]}`);
    }
    parts.push(`displacement ${this.length(n).toFixed(1)} mm`, `J ${this.jacobian(n)}`);
    document.getElementById("readout").textContent = parts.join("  ·  ");
  }

  length(n) {
    const along = [0, 1, 2].map((axis) => {
      const { low, high } = this.pair.volumes["u" + axis];
      return (low + (this.v["u" + axis][n] * (high - low)) / 255) * this.pair.spacing[axis];
    });
    return Math.hypot(...along);
  }

  jacobian(n) {
    const { low, high } = this.pair.volumes.logj;
    const code = this.v.logj[n];
    return code ? Math.exp(low + ((code - 1) * (high - low)) / 254).toFixed(2) : "≤ 0, folded";
  }
}

// Two crossings make a line; three or four meet in the middle.
function join(context, crossings, middle) {
  if (crossings.length === 2) {
    context.moveTo(...crossings[0]);
    context.lineTo(...crossings[1]);
    return;
  }
  for (const crossing of crossings) {
    context.moveTo(...crossing);
    context.lineTo(...middle);
  }
}

function crossed(corners, values, level) {
  const found = [];
  for (let k = 0; k < 4; k++) {
    const [v, w] = [values[k], values[(k + 1) % 4]];
    if (v < level === w < level) continue;
    const share = (level - v) / (w - v);
    const [from, to] = [corners[k], corners[(k + 1) % 4]];
    found.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
  }
  return found;
}

const CAPTIONS = {
  moving: "The moving image, before it is warped.",
  fixed: "The fixed image, whose grid all views share.",
  warped: "The warped image: the moving image carried through the displacement. It should look like the fixed one.",
  "difference-before": "Moving minus fixed: orange where the moving image is brighter, blue where it is darker.",
  "difference-after": "Warped minus fixed, same scale as before: what is left shows noise, contrast, or misfit.",
  "checker-before": "Tiles of about 20 mm, in turn fixed and moving: edges break at the tile borders where the images disagree.",
  "checker-after": "Tiles of about 20 mm, in turn fixed and warped: edges should run on across the tile borders.",
  "outlines-before": "Labels of the fixed and of the moving image outlined over the moving image.",
  "outlines-after": "Labels of the fixed image and labels carried by the displacement, outlined over the warped image.",
  colours: "Labels carried by the displacement, one colour a structure, left and right alike.",
  grid: "A regular grid of about 8 mm drawn on the moving image and warped with it (its lines in this plane).",
  jacobian: "Logarithm of the Jacobian determinant J: orange where space grows from fixed to moving, blue where it shrinks.",
  deviation: "Standard deviation of the field the model predicts, in mm (of the velocity, where the field is one).",
};

const holder = document.getElementById("pair-data");
if (holder) start(holder);
