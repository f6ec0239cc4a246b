// The camera that shows a whole run.

// 3Dmol's own: the camera stands at z = 150 Å, looks down with a vertical field of view of 20 degrees, and a view is
// [minus the centre of rotation, z of the molecule, quaternion].
const CAMERA_DISTANCE = 150;
const HALF_FIELD = Math.tan((10 * Math.PI) / 180);
const MARGIN_AROUND = 0.6; // Å; atoms have a radius
const SAMPLED_FRAMES = 40;

/** 3Dmol's view array for `tracks` in the scene's rotation; drifting tracks are moved by `shiftAt(frame)`. */
function fittingView(scene, tracks, shiftAt, aspect) {
  const rotation = scene.rotation;
  const points = sampledPoints(tracks, shiftAt).map((point) => rotate(point, rotation));
  const [low, high] = [0, 1, 2].reduce(([lows, highs], axis) => {
    const values = points.map((point) => point[axis]);
    return [[...lows, Math.min(...values)], [...highs, Math.max(...values)]];
  }, [[], []]);
  const half = low.map((value, axis) => (high[axis] - value) / 2 + MARGIN_AROUND);
  // Only part of the depth counts: what is nearest the camera is seldom at the edge too.
  const distance = 0.4 * half[2] + Math.max(half[1], half[0] / aspect) / HALF_FIELD;
  const [x, y, z, w] = rotation;
  const centre = rotate(low.map((value, axis) => (value + high[axis]) / 2), [-x, -y, -z, w]);
  return [...centre.map((value) => -value), CAMERA_DISTANCE - distance, ...rotation];
}

function sampledPoints(tracks, shiftAt) {
  const points = [];
  tracks.forEach(({ positions }) => {
    const [frames, atoms] = positions.shape;
    const out = new Float32Array(atoms * 3);
    for (let frame = 0; frame < frames; frame += Math.max(1, Math.ceil(frames / SAMPLED_FRAMES))) {
      readPositions(positions, frame, shiftAt(frame), out);
      for (let i = 0; i < atoms; i += 1) points.push([out[3 * i], out[3 * i + 1], out[3 * i + 2]]);
    }
  });
  return points;
}

/** The point turned by the quaternion (x, y, z, w). */
function rotate([px, py, pz], [x, y, z, w]) {
  const [tx, ty, tz] = [2 * (y * pz - z * py), 2 * (z * px - x * pz), 2 * (x * py - y * px)];
  return [px + w * tx + y * tz - z * ty, py + w * ty + z * tx - x * tz, pz + w * tz + x * ty - y * tx];
}
