// Lines and marks over a slice. A frame says where a plane lies in the volumes: the first voxel, the steps to the
// right and upwards, and the size; coordinates are voxels of the plane, centres at integers.

// Between four voxel centres the boundary runs through the middles of those sides whose ends differ.
function outlines(frame, context, labels) {
  const { right, above, base, width, height } = frame;
  for (let b = 0; b < height - 1; b++) {
    for (let a = 0; a < width - 1; a++) {
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
}

// Level lines of value(a, b) at the multiples of gap.
function levels(frame, context, value, gap) {
  for (let b = 0; b < frame.height - 1; b++) {
    for (let a = 0; a < frame.width - 1; a++) {
      const corners = [[a, b], [a + 1, b], [a + 1, b + 1], [a, b + 1]];
      const values = corners.map(([x, y]) => value(x, y));
      const last = Math.floor(Math.max(...values) / gap) * gap;
      for (let level = Math.ceil(Math.min(...values) / gap) * gap; level <= last; level += gap) {
        join(context, crossed(corners, values, level), [a + 0.5, b + 0.5]);
      }
    }
  }
}

// A square on every voxel of code 0.
function zeros(frame, context, codes) {
  for (let b = 0; b < frame.height; b++) {
    for (let a = 0; a < frame.width; a++) {
      if (codes[frame.base + a * frame.right + b * frame.above] === 0) context.fillRect(a - 0.5, b - 0.5, 1, 1);
    }
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
