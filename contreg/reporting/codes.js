// The volumes as volumes.py packed them, and colours.

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
