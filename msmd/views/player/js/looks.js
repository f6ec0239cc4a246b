// How each track is drawn.  In an overlay the reference is the solid molecule in element colours, and a prediction a
// translucent sleeve of one hue around it: where they agree the molecule wears a coloured halo, where they part there
// are two molecules that differ in hue, in thickness and in solidity.

const SIZES = {
  ball: { stick: 0.09, sphere: 0.21, sleeve: 0.19, knob: 0.31 },
  sphere: { stick: 0, sphere: 0.62, sleeve: 0, knob: 0.72 },
  line: { stick: 0.035, sphere: 0, sleeve: 0.085, knob: 0 },
};
const SLEEVE_OPACITY = 0.5;
const GHOST = { radius: 0.035, opacity: 0.3 };
const CONNECTOR_RADIUS = 0.03;

/** The 3Dmol style of a track; `over` when it shares its pane with the reference. */
function styleOf(track, styleName, over) {
  const size = SIZES[styleName];
  if (track.role === "ghost") return sticks(GHOST.radius, GHOST.opacity);
  const sleeve = track.role === "prediction" && over;
  const opacity = sleeve ? SLEEVE_OPACITY : 1;
  return {
    ...sticks(sleeve ? size.sleeve : size.stick, opacity),
    ...balls(sleeve ? size.knob : size.sphere, opacity),
  };
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
