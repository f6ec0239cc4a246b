// Reads the buffer that msmd/views/player/packing.py writes: options, header, typed arrays.

const ARRAY_TYPES = { i2: Int16Array, f4: Float32Array, f8: Float64Array };

/** The payload {options, scene}: an envelope with options in front of a packed scene. */
function decodePayload(bytes) {
  // A copy, because the bytes may start anywhere inside a larger message and typed arrays need alignment.
  const buffer = bytes.slice().buffer;
  const outer = readHeader(buffer, 0, "MSPO");
  return { options: outer.header, scene: decodeScene(buffer, outer.end) };
}

function readHeader(buffer, start, magic) {
  const found = new TextDecoder().decode(new Uint8Array(buffer, start, 4));
  if (found !== magic) throw new Error(`The player's data start with "${found}"; expected "${magic}".`);
  const length = new DataView(buffer).getUint32(start + 4, true);
  const text = new TextDecoder().decode(new Uint8Array(buffer, start + 8, length));
  return { header: JSON.parse(text), end: start + 8 + length };
}

function decodeScene(buffer, start) {
  const { header, end } = readHeader(buffer, start, "MSP1");
  const view = (entry) => entry && readArray(buffer, end, entry);
  return {
    title: header.title,
    symbols: header.symbols,
    numbers: header.numbers,
    bonds: header.bonds,
    rotation: header.view,
    times: view(header.times).values,
    tracks: header.tracks.map((track) => ({
      name: track.name,
      role: track.role,
      positions: view(track.positions),
      scalars: view(track.scalars),
      scalarLabel: track.scalarLabel || "",
      scalarRange: track.scalarRange,
      arrows: view(track.arrows),
      arrowLabel: track.arrowLabel || "",
    })),
    series: header.series.map((s) => ({ label: s.label, unit: s.unit, values: view(s.values).values })),
  };
}

/** Integers stay integers until they are drawn: value = origin + scale * integer. */
function readArray(buffer, start, entry) {
  const count = entry.shape.reduce((product, n) => product * n, 1);
  const values = new ARRAY_TYPES[entry.dtype](buffer, start + entry.offset, count);
  const origin = entry.origin && entry.origin.length ? entry.origin : [0, 0, 0];
  return { values, scale: entry.scale || 1, origin, shape: entry.shape };
}

/** Writes the positions of one frame into `out` (3 numbers per atom), moved by `shift`. */
function readPositions(array, frame, shift, out) {
  const n = array.shape[1] * 3;
  const first = frame * n;
  for (let k = 0; k < n; k += 1) {
    const axis = k % 3;
    out[k] = array.origin[axis] + array.scale * array.values[first + k] + shift[axis];
  }
  return out;
}

/** Mean position of one frame. */
function centreOf(array, frame) {
  const atoms = array.shape[1];
  const sum = [0, 0, 0];
  for (let k = 0; k < atoms * 3; k += 1) sum[k % 3] += array.values[frame * atoms * 3 + k];
  return sum.map((s, axis) => array.origin[axis] + (array.scale * s) / atoms);
}

/** How far the centre wanders over the frames, Å, from some fifty of them. */
function wanderOf(array) {
  const frames = array.shape[0];
  const step = Math.max(1, Math.floor(frames / 50));
  const start = centreOf(array, 0);
  let farthest = 0;
  for (let frame = 0; frame < frames; frame += step) {
    const centre = centreOf(array, frame);
    farthest = Math.max(farthest, Math.hypot(centre[0] - start[0], centre[1] - start[1], centre[2] - start[2]));
  }
  return farthest;
}
