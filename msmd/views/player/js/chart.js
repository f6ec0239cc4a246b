// The strip chart under the molecule: one strip per unit, a cursor at the frame, click or drag to seek.

const STRIP_HEIGHT = 58;
const AXIS_HEIGHT = 18;
const MARGIN = { left: 58, right: 10 }; // px; the left one holds "kcal/mol"
const CURVE_COLORS = { light: ["#0c9488", "#9d4edd", "#c2780c", "#3b5bdb", "#d6336c"], dark: ["#2dd4bf", "#c084fc", "#fbbf24", "#7aa2ff", "#f472b6"] };

class StripChart {
  constructor(element, onSeek) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.legend = element.querySelector(".chart-legend");
    const seek = (event, done) => {
      const box = this.canvas.getBoundingClientRect();
      const share = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
      onSeek(this.times[0] + Math.max(0, Math.min(1, share)) * this.span, done);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.dragging = true;
      seek(event, false);
    });
    this.canvas.addEventListener("pointermove", (event) => this.dragging && seek(event, false));
    const end = (event) => {
      if (this.dragging) seek(event, true);
      this.dragging = false;
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", () => { this.dragging = false; }); // the page scrolls: it says no place
    this.watcher = new ResizeObserver(() => this.times && this.redraw());
    this.watcher.observe(this.canvas);
  }

  setScene(scene, theme) {
    this.times = scene.times;
    this.span = this.times[this.times.length - 1] - this.times[0] || 1;
    this.theme = theme;
    this.element.hidden = !scene.series.length;
    const units = [...new Set(scene.series.map((s) => s.unit))];
    this.strips = units.map((unit) => ({ unit, series: scene.series.filter((s) => s.unit === unit) }));
    this.strips.forEach((strip) => { strip.range = rangeOf(strip.series); });
    const colorOf = (series, i) => {
      const track = scene.tracks.find((t) => series.label.startsWith(t.name));
      return track ? toCss(trackColor(scene.tracks, track, theme)) : CURVE_COLORS[theme.name][i % CURVE_COLORS[theme.name].length];
    };
    this.colors = new Map(scene.series.map((series, i) => [series, colorOf(series, i)]));
    this.canvas.style.height = `${this.strips.length * STRIP_HEIGHT + AXIS_HEIGHT}px`;
    this.buildLegend(scene);
    this.redraw();
  }

  buildLegend(scene) {
    this.values = new Map();
    this.legend.replaceChildren(...scene.series.map((series) => {
      const entry = document.createElement("span");
      const value = document.createElement("b");
      entry.className = "curve";
      entry.style.setProperty("--curve", this.colors.get(series));
      entry.append(`${series.label} `, value, series.unit ? ` ${series.unit}` : "");
      this.values.set(series, value);
      return entry;
    }));
  }

  /** The curves, drawn once per size, theme or data; frames only copy them and add the cursor. */
  redraw() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!width || !height || this.element.hidden) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.curves = document.createElement("canvas");
    this.curves.width = this.canvas.width;
    this.curves.height = this.canvas.height;
    const context = this.curves.getContext("2d");
    context.scale(ratio, ratio);
    context.font = `11px ${this.theme.font}`;
    this.strips.forEach((strip, i) => this.drawStrip(context, strip, i * STRIP_HEIGHT, width));
    this.drawTimeAxis(context, width, height);
    this.setFrame(this.frame || 0);
  }

  drawStrip(context, strip, top, width) {
    const [low, high] = strip.range;
    const y = (value) => top + 6 + (1 - (value - low) / (high - low)) * (STRIP_HEIGHT - 12);
    context.strokeStyle = this.theme.border;
    context.fillStyle = this.theme.text;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    [low, high].forEach((value) => {
      const line = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(MARGIN.left, line);
      context.lineTo(width - MARGIN.right, line);
      context.globalAlpha = 0.6;
      context.stroke();
      context.globalAlpha = 1;
      context.fillText(shortNumber(value), MARGIN.left - 5, line);
    });
    context.fillText(strip.unit, MARGIN.left - 5, top + STRIP_HEIGHT / 2);
    strip.series.forEach((series) => this.drawCurve(context, series, y, width));
  }

  drawCurve(context, series, y, width) {
    const { values } = series;
    context.strokeStyle = this.colors.get(series);
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    let pen = false;
    values.forEach((value, i) => {
      if (Number.isFinite(value)) context[pen ? "lineTo" : "moveTo"](this.x(this.times[i], width), y(value));
      pen = Number.isFinite(value);
    });
    context.stroke();
  }

  drawTimeAxis(context, width, height) {
    context.fillStyle = this.theme.text;
    context.textBaseline = "alphabetic";
    const [start, end] = [this.times[0], this.times[this.times.length - 1]];
    [[start, "left"], [(start + end) / 2, "center"], [end, "right"]].forEach(([time, align]) => {
      context.textAlign = align;
      context.fillText(`${shortNumber(time)}${align === "right" ? " fs" : ""}`, this.x(time, width), height - 4);
    });
  }

  x(time, width) {
    return MARGIN.left + ((time - this.times[0]) / this.span) * (width - MARGIN.left - MARGIN.right);
  }

  setFrame(frame) {
    this.frame = Math.min(frame, this.times.length - 1);
    if (!this.curves || this.element.hidden) return;
    const context = this.canvas.getContext("2d");
    const ratio = this.canvas.width / this.canvas.clientWidth;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.curves, 0, 0);
    context.scale(ratio, ratio);
    const x = this.x(this.times[this.frame], this.canvas.clientWidth);
    context.fillStyle = this.theme.accent;
    context.fillRect(x - 0.75, 2, 1.5, this.strips.length * STRIP_HEIGHT - 2);
    this.values.forEach((element, series) => { element.textContent = shortNumber(series.values[this.frame]); });
  }

  destroy() {
    this.watcher.disconnect();
  }
}

/** Lowest and highest of all curves; from zero where they are positive and reach near it, as errors do. */
function rangeOf(curves) {
  let [low, high] = [Infinity, -Infinity];
  curves.forEach(({ values }) => values.forEach((value) => {
    if (!Number.isFinite(value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }));
  if (low > high) return [0, 1];
  if (low > 0 && low < 0.5 * high) low = 0;
  return low < high ? [low, high] : [low - 1, high + 1];
}

function shortNumber(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}
