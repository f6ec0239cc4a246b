// The player: one scene, one clock, a stage, controls and a strip chart, in one host element.

const NO_WEBGL = "This browser offers no WebGL, which the 3-D view needs. Turn on hardware acceleration, or use another browser; the curves below work all the same.";
const NO_3DMOL = "The 3-D viewer 3Dmol.js could not be loaded: it is neither in the app's static folder nor can its CDN be reached. Run “npm ci” and “npm run static” once where the app is installed, then reload.";

class Player {
  constructor(host) {
    this.controls = new Controls(host, this);
    this.chart = new StripChart(this.controls.find(".chart"), (time, done) => this.seek(this.clock.nearestFrame(time), done));
    this.counter = new FrameCounter();
    this.report = () => {};
    this.shown = null;
  }

  /** Shows the packed scene; called again on every rerun, mostly with the same bytes, and when the theme changes. */
  show(bytes) {
    const { options, scene } = decodePayload(bytes);
    const theme = readTheme(this.controls.root);
    const shown = JSON.stringify([options, theme]); // the options hold the scene's digest
    if (shown === this.shown) return;
    Object.assign(this, { options, scene, theme, shown });
    this.settings = settingsOf(options.key, startingSettings(options));
    const view = viewOf(options.key, scene);
    const first = this.view !== view;
    this.view = view;
    if (!this.clock) this.clock = new Clock(scene.times);
    if (first) this.clock.time = view.time ?? scene.times[0];
    this.clock.setTimes(scene.times);
    if (first) this.clock.playing = view.playing ?? startsMoving(options, scene);
    if (options.height) this.controls.root.style.setProperty("--stage-height", `${options.height}px`);
    if (options.seekFs !== null && options.seekFs !== view.soughtFs) {
      view.soughtFs = options.seekFs;
      this.clock.seekFrame(this.clock.nearestFrame(options.seekFs));
    }
    this.chart.setScene(scene, this.theme);
    this.refresh();
    if (!this.stage) this.prepareStage();
    else this.arrange(first);
    this.run();
  }

  async prepareStage() {
    if (this.preparing) return;
    this.preparing = true;
    try {
      if (probeWebgl() === "none") {
        this.controls.showStatus("no-webgl", NO_WEBGL);
        return;
      }
      const threeDmol = await loadThreeDmol(this.options.static);
      if (this.destroyed) return;
      this.stage = new Stage(threeDmol, this.controls.find(".panes"));
      this.stage.onView = (view) => { this.view.camera = view; };
      this.arrange(true);
    } catch (error) {
      this.controls.showStatus("no-3dmol", NO_3DMOL);
      console.error(error);
    } finally {
      this.preparing = false;
    }
  }

  /** Builds panes and models for scene, settings and theme; `place` also sets the camera. */
  arrange(place) {
    if (!this.stage.arrange(this.scene, this.settings, this.options, this.theme)) {
      this.stage.destroy();
      this.stage = null;
      this.controls.showStatus("no-webgl", NO_WEBGL);
      return;
    }
    this.drawn = null;
    this.draw();
    // A camera set by hand is kept; one that was never touched is fitted again when the panes change shape.
    const reshaped = this.panes !== this.stage.panes.length;
    this.panes = this.stage.panes.length;
    if (place && this.view.camera) this.stage.setView(this.view.camera);
    else if (place || (reshaped && !this.view.camera)) this.stage.resetView();
    this.controls.showStatus("ready", "");
  }

  /** Controls, attributes and legends after a change of scene, settings or theme. */
  refresh() {
    const visible = visibleTracks(this.scene, this.settings);
    this.clock.loop = this.settings.loop;
    this.controls.root.dataset.tracks = visible.map((track) => track.name).join(" ");
    this.controls.root.dataset.theme = this.theme.name;
    this.controls.root.dataset.layout = this.settings.layout;
    this.controls.showScene(this.scene, this.settings, this.theme);
    this.controls.showSettings(this.settings, this.usualRate);
    this.controls.showPlaying(this.clock.playing);
    this.showFrame();
  }

  get usualRate() {
    return this.options.fsPerSecond || this.clock.usualRate;
  }

  change(settings) {
    Object.assign(this.settings, settings);
    this.refresh();
    if (this.stage) this.arrange(false);
  }

  toggleTrack(key) {
    const others = this.settings.hidden.filter((other) => other !== key);
    this.change({ hidden: this.settings.hidden.includes(key) ? others : [...others, key] });
  }

  toggle() {
    if (!this.clock.playing && !this.clock.loop && this.clock.frame === this.scene.times.length - 1) this.clock.seekFrame(0);
    this.setPlaying(!this.clock.playing);
  }

  setPlaying(playing) {
    const pausing = this.clock.playing && !playing;
    this.clock.playing = playing && this.scene.times.length > 1;
    this.view.playing = this.clock.playing;
    this.controls.showPlaying(this.clock.playing);
    if (pausing) this.tell();
    this.run();
  }

  /** One frame on or back, standing still; repeated while the key is held, so Python hears of it once it rests. */
  step(count) {
    this.stand();
    this.clock.stepFrames(count);
    this.draw();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.tell(), 400);
  }

  /** Shows a frame; while a scrub goes on (`done` false) the clock stands and Python hears nothing. */
  seek(frame, done) {
    this.stand();
    this.clock.seekFrame(frame);
    this.draw();
    if (done) this.tell();
  }

  stand() {
    this.clock.playing = false;
    this.view.playing = false;
    this.controls.showPlaying(false);
  }

  tell() {
    if (this.options.report && !this.destroyed) this.report({ frame: this.clock.frame, timeFs: this.clock.times[this.clock.frame] });
  }

  run() {
    if (this.request || !this.clock.playing) return;
    let last = performance.now();
    const tick = (now) => {
      this.request = null;
      if (!this.clock.playing || this.destroyed) return;
      this.clock.advance((now - last) / 1000, this.settings.speed * this.usualRate);
      last = now;
      if (!this.clock.playing) this.setPlaying(false);
      this.draw();
      if (this.clock.playing) this.request = requestAnimationFrame(tick);
      else this.tell();
    };
    this.request = requestAnimationFrame(tick);
  }

  /** Draws the clock's frame if it is not the one on the screen. */
  draw() {
    this.view.time = this.clock.time;
    const { frame } = this.clock;
    if (frame === this.drawn) return;
    this.drawn = frame;
    if (this.stage) {
      this.stage.draw(frame);
      this.counter.count(performance.now());
      this.controls.root.dataset.fps = this.counter.rate.toFixed(1);
    }
    this.showFrame();
  }

  showFrame() {
    const { frame, times } = this.clock;
    this.controls.showFrame(frame, times[frame], times[times.length - 1]);
    this.chart.setFrame(frame);
  }

  resetView() {
    this.view.camera = null;
    if (this.stage) this.stage.resetView();
  }

  zoom(factor) {
    if (this.stage) this.stage.zoom(factor);
  }

  savePicture() {
    if (!this.stage) return;
    const time = `${formatTime(this.clock.times[this.clock.frame])} fs`;
    const picture = this.stage.picture([this.scene.title, time].filter(Boolean).join(", "), this.theme);
    picture.toBlob((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${(this.scene.title || "molecule").replace(/[^\w-]+/g, "-")}-${time.replace(" ", "")}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  destroy() {
    this.destroyed = true;
    clearTimeout(this.resting);
    this.view.time = this.clock.time;
    if (this.stage) this.stage.destroy();
    this.chart.destroy();
    this.controls.root.remove();
  }
}

const startingSettings = (options) => ({
  layout: options.layout, style: options.style, loop: options.loop, speed: 1,
  showColors: options.showColors, showArrows: options.showArrows, hidden: [],
});

/** Nothing moves by itself where the system asks for less motion. */
const startsMoving = (options, scene) =>
  options.autoplay && scene.times.length > 1 && !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
