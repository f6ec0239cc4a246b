// All panes: one for an overlay, one per track side by side, with linked cameras.

class Stage {
  constructor(threeDmol, element) {
    this.threeDmol = threeDmol;
    this.element = element;
    this.panes = [];
    this.drawing = false;
    this.onView = () => {};
    this.placed = [];
  }

  /** Lays out `scene` for the settings; keeps panes where their number stays the same. False without WebGL. */
  arrange(scene, settings, options, theme) {
    this.scene = scene;
    const visible = visibleTracks(scene, settings);
    const groups = settings.layout === "side" ? sideBySide(visible) : [visible];
    if (!this.resize(groups.length)) return false;
    const look = {
      theme, styleName: settings.style, showColors: settings.showColors, showArrows: settings.showArrows,
      arrowThreshold: options.arrowThreshold, errorThreshold: options.errorThreshold,
    };
    groups.forEach((tracks, i) => {
      this.quietly(() => this.panes[i].setTracks(scene, tracks, look));
      this.panes[i].label.textContent = groups.length > 1 && tracks.length ? tracks[0].name : "";
    });
    const wanders = () => wanderOf(scene.tracks[0].positions) > 3;
    this.following = options.follow ?? wanders();
    return true;
  }

  resize(count) {
    while (this.panes.length > count) this.panes.pop().destroy();
    while (this.panes.length < count) {
      const pane = new Pane(this.threeDmol, this.element);
      if (!pane.viewer) {
        pane.destroy();
        return false;
      }
      if (this.panes.length) pane.viewer.setView(this.panes[0].viewer.getView(), true);
      pane.viewer.setViewChangeCallback((view) => this.link(pane, view));
      this.panes.push(pane);
    }
    return true;
  }

  /** A camera was moved by hand: the others follow. 3Dmol reports every render, so draws and resizes are left out. */
  link(source, view) {
    if (this.drawing || view.every((value, i) => value === this.placed[i])) return;
    this.placed = [...view];
    this.quietly(() => this.panes.filter((pane) => pane !== source).forEach((pane) => pane.viewer.setView(view, true)));
    this.onView([...view]);
  }

  quietly(action) {
    this.drawing = true;
    try {
      action();
    } finally {
      this.drawing = false;
    }
  }

  draw(frame) {
    const shift = this.shiftAt(frame);
    this.quietly(() => this.panes.forEach((pane) => pane.draw(frame, shift)));
  }

  /** What all tracks are moved by, so that the first one's centre stays where it began if the camera follows it. */
  shiftAt(frame) {
    if (!this.following) return [0, 0, 0];
    const { positions } = this.scene.tracks[0];
    const [start, now] = [centreOf(positions, 0), centreOf(positions, frame)];
    return start.map((value, axis) => value - now[axis]);
  }

  setView(view) {
    this.placed = [...view];
    this.quietly(() => this.panes.forEach((pane) => pane.viewer.setView(view, true)));
  }

  /** Turns the molecule's widest side to the viewer and fits all visible tracks over the whole run. */
  resetView() {
    const tracks = this.panes.flatMap((pane) => pane.copies.map((copy) => copy.track));
    if (!tracks.length) return;
    const view = fittingView(this.scene, tracks, (frame) => this.shiftAt(frame), this.panes[0].aspect);
    this.setView(view);
  }

  zoom(factor) {
    this.panes.slice(0, 1).forEach((pane) => pane.viewer.zoom(factor));
  }

  /** All panes in one picture, at the resolution they are drawn in. */
  picture(caption, theme) {
    const canvases = this.panes.map((pane) => {
      // A WebGL canvas may be cleared once shown; drawn again in the same task, it can be read.
      this.quietly(() => pane.viewer.render());
      return pane.viewer.getCanvas();
    });
    const picture = document.createElement("canvas");
    picture.width = canvases.reduce((sum, canvas) => sum + canvas.width, 0);
    picture.height = Math.max(...canvases.map((canvas) => canvas.height));
    const context = picture.getContext("2d");
    let x = 0;
    canvases.forEach((canvas) => {
      context.drawImage(canvas, x, 0);
      x += canvas.width;
    });
    const size = Math.round(picture.height / 26);
    context.fillStyle = theme.text;
    context.font = `${size}px ${theme.font}`;
    context.fillText(caption, size, picture.height - size);
    return picture;
  }

  destroy() {
    this.resize(0);
  }
}

/** One pane per reference and prediction; ghosts go with the last prediction before them. */
function sideBySide(tracks) {
  const groups = [];
  tracks.forEach((track) => {
    if (track.role === "ghost" && groups.length) groups[groups.length - 1].push(track);
    else groups.push([track]);
  });
  return groups.length ? groups : [[]];
}
