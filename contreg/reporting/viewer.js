// The viewer: three planes of one place. Arrays are (X, Y, Z) in C order, axes to the right, front and top.

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

  frame({ through, across, up, width, height }) {
    const base = this.at[through] * this.stride[through];
    return { base, right: this.stride[across], above: this.stride[up], width, height };
  }

  pixels(panel) {
    const picture = new ImageData(panel.width, panel.height);
    const shade = this.shader();
    const { right, above, base } = this.frame(panel);
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
    const frame = this.frame(panel);
    if (this.view === "outlines-before" || this.view === "outlines-after") {
      const labels = this.view === "outlines-before" ? this.v.moving_labels : this.v.carried;
      this.stroke(context, this.pair.palette.carried, () => outlines(frame, context, labels));
      this.stroke(context, this.pair.palette.fixed, () => outlines(frame, context, this.v.fixed_labels));
    }
    if (this.view === "grid") this.grid(panel, frame, context);
    if (this.view === "grid" || this.view === "jacobian") {
      context.fillStyle = this.pair.palette.fold;
      zeros(frame, context, this.v.logj);
    }
  }

  stroke(context, colour, trace) {
    context.strokeStyle = colour;
    context.beginPath();
    trace();
    context.stroke();
  }

  // A regular grid of the moving image, warped with it: level lines of p + u(p), along both axes of the plane.
  grid(panel, frame, context) {
    for (const axis of [panel.across, panel.up]) {
      const gap = Math.max(2, Math.round(8 / this.pair.spacing[axis]));
      const own = (a, b) => (axis === panel.across ? a : b);
      const at = (a, b) => own(a, b) + this.along(axis, frame.base + a * frame.right + b * frame.above);
      this.stroke(context, "#e9eef4", () => levels(frame, context, at, gap));
    }
  }

  // Displacement along an axis, in voxels.
  along(axis, n) {
    const { low, high } = this.pair.volumes["u" + axis];
    return low + (this.v["u" + axis][n] * (high - low)) / 255;
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
    const parts = [mm.map((value, k) => `${sides[k][+(value >= 0)]} ${Math.abs(value).toFixed(0)}`).join(", ") + " mm"];
    for (const [name, map] of [["fixed", "fixed_labels"], ["carried", "carried"]]) {
      if (this.v[map]) parts.push(`${name}: ${this.pair.labels[this.v[map][n]]}`);
    }
    parts.push(`displacement ${this.length(n).toFixed(1)} mm`, `J ${this.jacobian(n)}`);
    document.getElementById("readout").textContent = parts.join(" · ");
  }

  length(n) {
    return Math.hypot(...[0, 1, 2].map((axis) => this.along(axis, n) * this.pair.spacing[axis]));
  }

  jacobian(n) {
    const { low, high } = this.pair.volumes.logj;
    const code = this.v.logj[n];
    return code ? Math.exp(low + ((code - 1) * (high - low)) / 254).toFixed(2) : "≤ 0, folded";
  }
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

const holder = document.getElementById("pair-data");
if (holder) start(holder);
