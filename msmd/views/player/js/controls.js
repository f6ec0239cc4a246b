// Buttons, scrubber, legend and keys.  Controls hold no state: they call the player and are told what to show.

const SPEEDS = [0.125, 0.25, 0.5, 1, 2, 4];
const STYLES = [["ball", "Balls"], ["sphere", "Spheres"], ["line", "Lines"]];

const TEMPLATE = `
<section class="msmd-player" data-status="loading" data-playing="false" aria-label="Molecule player">
  <div class="stage" tabindex="0" role="application"
    aria-label="Molecule. Drag to turn. Space plays or pauses, left and right arrow step, plus and minus zoom.">
    <div class="panes"></div>
    <p class="message" role="status">Loading the molecule viewer …</p>
    <div class="legend" hidden><span class="legend-label"></span><span class="legend-ramp"></span>
      <span class="legend-ends"><span class="low"></span><span class="middle"></span><span class="high"></span></span></div>
    <p class="arrow-legend" hidden></p>
  </div>
  <div class="bar transport">
    <button type="button" class="icon play" aria-label="Play"></button>
    <button type="button" class="icon back" aria-label="One frame back" title="One frame back (←)">${icon("back")}</button>
    <button type="button" class="icon forward" aria-label="One frame on" title="One frame on (→)">${icon("forward")}</button>
    <input type="range" class="scrub" min="0" step="1" value="0" aria-label="Frame">
    <output class="time" aria-live="off"></output>
    <button type="button" class="icon loop" aria-label="Loop" title="Loop">${icon("loop")}</button>
    <select class="speed" aria-label="Speed" title="Speed"></select>
  </div>
  <div class="chart" hidden><div class="chart-legend"></div>
    <canvas role="img" aria-label="Curves over time; click to go to a time"></canvas></div>
  <div class="bar settings">
    <span class="tracks" role="group" aria-label="Tracks"></span>
    <button type="button" class="toggle colors" hidden>Colour</button>
    <button type="button" class="toggle arrows" hidden>Arrows</button>
    <span class="layout" role="group" aria-label="Layout">
      <button type="button" class="icon overlay" aria-label="Overlaid" title="Overlaid">${icon("overlay")}</button>
      <button type="button" class="icon side" aria-label="Side by side" title="Side by side">${icon("side")}</button>
    </span>
    <select class="style" aria-label="Drawing style" title="Drawing style"></select>
    <button type="button" class="icon reset" aria-label="Reset the view" title="Reset the view">${icon("reset")}</button>
    <button type="button" class="icon picture" aria-label="Save a picture" title="Save a PNG">${icon("picture")}</button>
  </div>
</section>`;

class Controls {
  constructor(host, player) {
    // The host is a shadow root in Streamlit, which has no insertAdjacentHTML.
    this.root = document.createRange().createContextualFragment(TEMPLATE).querySelector("section");
    host.appendChild(this.root);
    this.player = player;
    this.find("select.style").replaceChildren(...STYLES.map(([value, text]) => new Option(text, value)));
    this.find(".speed").replaceChildren(...SPEEDS.map((speed) => new Option(`${speed}×`, speed)));
    this.listen();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  listen() {
    const { player } = this;
    const click = (selector, action) => this.find(selector).addEventListener("click", action);
    click(".play", () => player.toggle());
    click(".back", () => player.step(-1));
    click(".forward", () => player.step(1));
    click(".loop", () => player.change({ loop: !player.settings.loop }));
    click(".overlay", () => player.change({ layout: "overlay" }));
    click(".side", () => player.change({ layout: "side" }));
    click(".colors", () => player.change({ showColors: !player.settings.showColors }));
    click(".arrows", () => player.change({ showArrows: !player.settings.showArrows }));
    click(".reset", () => player.resetView());
    click(".picture", () => player.savePicture());
    const scrub = this.find(".scrub");
    scrub.addEventListener("input", () => player.seek(Number(scrub.value), false));
    scrub.addEventListener("change", () => player.seek(Number(scrub.value), true));
    this.find(".speed").addEventListener("change", (event) => player.change({ speed: Number(event.target.value) }));
    this.find("select.style").addEventListener("change", (event) => player.change({ style: event.target.value }));
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    const stage = this.find(".stage");
    stage.addEventListener("pointerdown", () => stage.focus({ preventScroll: true }));
    // The wheel zooms once the stage has been clicked; before that it scrolls the page past the player.
    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !stage.matches(":focus")) event.stopPropagation();
    }, { capture: true });
  }

  /** Keys r, c and escape belong to Streamlit; text fields and lists keep all of theirs. */
  onKey(event) {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || target.tagName === "SELECT") return;
    const actions = {
      " ": () => this.player.toggle(),
      ArrowLeft: () => this.player.step(event.shiftKey ? -10 : -1),
      ArrowRight: () => this.player.step(event.shiftKey ? 10 : 1),
      Home: () => this.player.seek(0, true),
      End: () => this.player.seek(Infinity, true),
      "+": () => this.player.zoom(1.15),
      "-": () => this.player.zoom(1 / 1.15),
    };
    const action = actions[event.key];
    // A focused button is pressed by space already.
    if (!action || (event.key === " " && target.tagName === "BUTTON")) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  /** What depends on the scene: tracks, legends, the length of the scrubber. */
  showScene(scene, settings, theme) {
    this.root.setAttribute("aria-label", scene.title ? `Molecule player: ${scene.title}` : "Molecule player");
    this.find(".scrub").max = scene.times.length - 1;
    const single = scene.times.length < 2;
    this.root.querySelectorAll(".transport > *").forEach((element) => { element.disabled = single; });
    const tracks = this.find(".tracks");
    const focused = [...tracks.children].indexOf(this.root.getRootNode().activeElement);
    tracks.replaceChildren(...trackGroups(scene.tracks).map((group) => this.trackButton(scene, group, settings, theme)));
    tracks.hidden = scene.tracks.length < 2;
    if (focused >= 0 && focused < tracks.children.length) tracks.children[focused].focus();
    this.find(".layout").hidden = scene.tracks.filter((track) => track.role !== "ghost").length < 2;
    this.find(".colors").hidden = !scene.tracks.some((track) => track.scalars);
    this.find(".arrows").hidden = !scene.tracks.some((track) => track.arrows);
    this.showLegend(scene, settings, theme);
  }

  trackButton(scene, { label, tracks }, settings, theme) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `toggle track ${tracks[0].role}`;
    button.textContent = label;
    button.style.setProperty("--track", toCss(trackColor(scene.tracks, tracks[0], theme)));
    button.setAttribute("aria-pressed", String(!settings.hidden.includes(trackKey(tracks[0]))));
    button.addEventListener("click", () => this.player.toggleTrack(trackKey(tracks[0])));
    return button;
  }

  showLegend(scene, settings, theme) {
    const visible = visibleTracks(scene, settings);
    const colored = settings.showColors && visible.find((track) => track.scalars);
    this.find(".legend").hidden = !colored;
    if (colored) {
      const [low, high] = colored.scalarRange;
      this.find(".legend-label").textContent = colored.scalarLabel || "value";
      const stops = colorMap(colored.scalarRange, theme).filter((_, i) => i % 16 === 0 || i === MAP_STEPS - 1);
      this.find(".legend-ramp").style.background = `linear-gradient(to right, ${stops.map(toCss).join(", ")})`;
      this.find(".low").textContent = shortNumber(low);
      this.find(".middle").textContent = low < 0 && high > 0 && low === -high ? "0" : "";
      this.find(".high").textContent = shortNumber(high);
    }
    const arrowed = settings.showArrows && visible.find((track) => track.arrows);
    this.find(".arrow-legend").hidden = !arrowed || !arrowed.arrowLabel;
    this.find(".arrow-legend").textContent = arrowed ? `→ ${arrowed.arrowLabel}` : "";
  }

  showSettings(settings, usualRate) {
    const press = (selector, on) => this.find(selector).setAttribute("aria-pressed", String(on));
    press(".loop", settings.loop);
    press(".overlay", settings.layout === "overlay");
    press(".side", settings.layout === "side");
    press(".colors", settings.showColors);
    press(".arrows", settings.showArrows);
    this.find("select.style").value = settings.style;
    this.find(".speed").value = settings.speed;
    this.find(".speed").title = `Speed: ${shortNumber(settings.speed * usualRate)} fs per second`;
  }

  showPlaying(playing) {
    const button = this.find(".play");
    button.innerHTML = icon(playing ? "pause" : "play");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    button.title = `${playing ? "Pause" : "Play"} (space)`;
    this.root.dataset.playing = String(playing);
  }

  showFrame(frame, time, lastTime) {
    const text = `${formatTime(time)} fs`;
    this.find(".scrub").value = frame;
    this.find(".scrub").setAttribute("aria-valuetext", text);
    this.find(".time").textContent = `${formatTime(time)} / ${formatTime(lastTime)} fs`;
    this.root.dataset.frame = frame;
    this.root.dataset.timeFs = time;
  }

  showStatus(status, message) {
    this.root.dataset.status = status;
    this.find(".message").textContent = message;
    this.find(".message").hidden = !message;
  }
}

const formatTime = (time) => time.toFixed(1).replace(/\.0$/, "");

/** What hiding remembers: a track's name, and one key for all ghosts, however many there are. */
const trackKey = (track) => (track.role === "ghost" ? "role:ghost" : track.name);

/** The tracks that are not hidden; one that is alone has no button to be hidden with, or shown again. */
const visibleTracks = (scene, settings) =>
  scene.tracks.filter((track) => scene.tracks.length < 2 || !settings.hidden.includes(trackKey(track)));

/** One button per track, and one for all ghosts together. */
function trackGroups(tracks) {
  const ghosts = tracks.filter((track) => track.role === "ghost");
  const groups = tracks.filter((track) => track.role !== "ghost").map((track) => ({ label: track.name, tracks: [track] }));
  if (ghosts.length) groups.push({ label: ghosts.length > 1 ? `${ghosts.length} members` : ghosts[0].name, tracks: ghosts });
  return groups;
}
