// How each track is drawn.  In an overlay the reference is balls in element colours on thin sticks, and a prediction an
// opaque tube of one hue, thicker than the sticks and thinner than the balls: where they agree there is one crisp
// molecule with coloured bonds, and as they part the tube leaves the balls and bares the sticks.  (A translucent
// prediction tints the reference's colours and is itself washed out; a thin reference inside a fat prediction is lost.)

const ALONE = {
  ball: { stick: 0.1, sphere: 0.2 },
  sphere: { stick: 0, sphere: 0.62 },
  line: { stick: 0.035, sphere: 0 },
};
const BESIDE = {
  ball: { stick: 0.045, sphere: 0.2, tube: 0.125 },
  sphere: { stick: 0, sphere: 0.34, tube: 0.2 },
  line: { stick: 0.025, sphere: 0, tube: 0.05 },
};
// Where predictions coincide, the first shows; a later one is thinner, so that each keeps a surface of its own.
const TUBE_TAPER = 0.8;
// Below half they vanish on a dark page.
const GHOST = { radius: 0.05, opacity: 0.65 };
const CONNECTOR_RADIUS = 0.03;

/** The 3Dmol style of a track in a pane with `tracks`. */
function styleOf(track, tracks, styleName) {
  const { role } = track;
  if (role === "ghost") return sticks(GHOST.radius, GHOST.opacity);
  const predictions = tracks.filter((other) => other.role === "prediction");
  const alone = !predictions.length || !tracks.some((other) => other.role === "reference");
  if (role === "prediction" && !alone) {
    return sticks(BESIDE[styleName].tube * TUBE_TAPER ** predictions.indexOf(track), 1);
  }
  const size = (alone ? ALONE : BESIDE)[styleName];
  return { ...sticks(size.stick, 1), ...balls(size.sphere, 1) };
}

const sticks = (radius, opacity) => (radius ? { stick: { radius, opacity, singleBonds: true } } : {});
// `scale` multiplies the van der Waals radius, so that hydrogens stay smaller than carbons.
const balls = (scale, opacity) => (scale ? { sphere: { scale, opacity } } : {});

/** The fixed colour of each atom of a track where no scalar colours it. */
function baseColors(scene, track, theme, over) {
  const single = track.role === "ghost" || (track.role === "prediction" && over);
  const hue = trackColor(scene.tracks, track, theme);
  return scene.symbols.map((symbol) => (single ? hue : elementColor(symbol, theme)));
}

/** Atoms for 3Dmol, with every bond named at both of its ends. */
function atomSpecs(scene, colors, style) {
  const bonded = scene.symbols.map(() => []);
  scene.bonds.forEach(([i, j]) => {
    bonded[i].push(j);
    bonded[j].push(i);
  });
  return scene.symbols.map((elem, i) => ({
    elem, x: 0, y: 0, z: 0, color: colors[i], style,
    bonds: bonded[i], bondOrder: bonded[i].map(() => 1),
  }));
}
