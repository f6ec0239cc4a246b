// One canvas: a 3Dmol viewer and the tracks drawn in it.

// No hue of the colour maps, so that an arrow is not read as a value.
const ARROW_COLORS = { light: 0x862e9c, dark: 0xe599f7 };
const ARROW = { radius: 0.045, radiusRatio: 2.4, mid: 0.68 };

class Pane {
  constructor(threeDmol, container) {
    this.element = document.createElement("div");
    this.element.className = "pane";
    this.label = document.createElement("div");
    this.label.className = "pane-label";
    this.element.append(this.label);
    container.append(this.element);
    this.lent = takeViewer(threeDmol, this.element);
    this.viewer = this.lent && this.lent.viewer;
    this.gl = this.viewer && this.viewer.renderer.getContext();
    this.copies = [];
    this.ties = [];
    this.arrows = [];
  }

  /** Builds the models of `tracks`; positions come with the first draw. */
  setTracks(scene, tracks, look) {
    const { viewer } = this;
    viewer.removeAllModels();
    viewer.removeAllShapes();
    this.arrows = [];
    viewer.setBackgroundColor(look.theme.background, 1);
    const reference = tracks.find((track) => track.role === "reference");
    this.look = look;
    this.copies = tracks.map((track) => this.addCopy(scene, track, tracks));
    this.ties = reference
      ? this.copies.filter((copy) => copy.track.role === "prediction").map((copy) => this.addTies(scene, copy))
      : [];
  }

  addCopy(scene, track, tracks) {
    const { theme, styleName } = this.look;
    const colors = baseColors(scene, track, theme, tracks.some((other) => other !== track && other.role !== "ghost"));
    const model = this.viewer.addModel();
    model.addAtoms(atomSpecs(scene, colors, styleOf(track, tracks, styleName)));
    const colored = track.scalars && this.look.showColors;
    return {
      track, model, colors, atoms: model.selectedAtoms({}),
      map: colored ? colorMap(track.scalarRange, theme) : null,
      points: new Float32Array(scene.symbols.length * 3),
    };
  }

  /** Dashed lines from the reference's atoms to the same atoms of a prediction, drawn where the error is large. */
  addTies(scene, copy) {
    const n = scene.symbols.length;
    const color = trackColor(scene.tracks, copy.track, this.look.theme);
    const style = { stick: { radius: CONNECTOR_RADIUS, singleBonds: true, dashedBonds: true,
      dashedBondConfig: { dashLength: 0.06, gapLength: 0.09 } } };
    const model = this.viewer.addModel();
    model.addAtoms(Array.from({ length: 2 * n }, (_, i) => ({
      elem: "H", x: 0, y: 0, z: 0, color, style, bonds: [(i + n) % (2 * n)], bondOrder: [1],
    })));
    const atoms = model.selectedAtoms({});
    return { copy, model, atoms, bonds: atoms.map((atom) => atom.bonds) };
  }

  /** Draws one frame: positions and colours go into the existing atoms, which 3Dmol then meshes again. */
  draw(frame, shift) {
    this.copies.forEach((copy) => this.placeCopy(copy, frame, shift));
    this.ties.forEach((tie) => this.placeTies(tie));
    this.placeArrows(frame);
    this.viewer.render();
  }

  placeCopy({ track, atoms, model, points, map, colors }, frame, shift) {
    readPositions(track.positions, frame, shift, points);
    const first = frame * atoms.length;
    atoms.forEach((atom, i) => {
      atom.x = points[3 * i];
      atom.y = points[3 * i + 1];
      atom.z = points[3 * i + 2];
      atom.color = map
        ? mapped(map, track.scalarRange, track.scalars.scale * track.scalars.values[first + i])
        : colors[i];
    });
    refresh(model, this.gl);
  }

  placeTies({ copy, atoms, bonds, model }) {
    const reference = this.copies.find((other) => other.track.role === "reference").points;
    const n = atoms.length / 2;
    for (let i = 0; i < n; i += 1) {
      const [from, to] = [reference.subarray(3 * i, 3 * i + 3), copy.points.subarray(3 * i, 3 * i + 3)];
      [atoms[i].x, atoms[i].y, atoms[i].z] = from;
      [atoms[i + n].x, atoms[i + n].y, atoms[i + n].z] = to;
      const far = Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]) > this.look.errorThreshold;
      atoms[i].bonds = far ? bonds[i] : [];
      atoms[i + n].bonds = far ? bonds[i + n] : [];
    }
    refresh(model, this.gl);
  }

  /** Arrows longer than the threshold, as one shape per track: shapes are the costly part of a frame. */
  placeArrows(frame) {
    this.arrows.forEach((shape) => {
      freeBuffers(shape.renderedShapeObj, this.gl);
      this.viewer.removeShape(shape);
    });
    this.arrows = [];
    if (!this.look.showArrows) return;
    this.copies.filter((copy) => copy.track.arrows).forEach((copy) => {
      const { values, scale } = copy.track.arrows;
      const shape = this.viewer.addShape({ color: ARROW_COLORS[this.look.theme.name] });
      const n = copy.atoms.length;
      for (let i = 0; i < n; i += 1) {
        const k = 3 * (frame * n + i);
        const [x, y, z] = [values[k] * scale, values[k + 1] * scale, values[k + 2] * scale];
        if (Math.hypot(x, y, z) < this.look.arrowThreshold || Math.hypot(x, y, z) === 0) continue;
        const start = { x: copy.points[3 * i], y: copy.points[3 * i + 1], z: copy.points[3 * i + 2] };
        shape.addArrow({ ...ARROW, start, end: { x: start.x + x, y: start.y + y, z: start.z + z } });
      }
      this.arrows.push(shape);
    });
  }

  /** Width over height of the canvas. */
  get aspect() {
    return this.element.clientWidth / Math.max(1, this.element.clientHeight);
  }

  destroy() {
    if (this.lent) returnViewer(this.lent);
    this.element.remove();
  }
}

/**
 * Makes 3Dmol mesh the model again at the next render.  molObj is 3Dmol's own (hence the pinned version); its public
 * way, a frame list, cannot recolour.
 */
function refresh(model, gl) {
  freeBuffers(model.molObj, gl);
  model.molObj = null;
}

/**
 * Frees the buffers of a mesh that is about to be replaced.  3Dmol leaves them to the garbage collector, thirty times a
 * second, and its own dispose() forgets the two that sticks have more than spheres.
 */
function freeBuffers(object, gl) {
  const meshes = object ? object.children : [];
  meshes.forEach(({ geometry }) => {
    geometry.dispose();
    geometry.geometryGroups.forEach((group) => {
      [group.__webglRadiusBuffer, group.__webglOffsetBuffer].forEach((buffer) => buffer && gl.deleteBuffer(buffer));
    });
  });
}
