// Colours: the page's theme, elements, tracks, and the maps for signed and unsigned scalars.

// Jmol's hues, with carbon and hydrogen moved away from either background.
const ELEMENT_COLORS = { H: 0xe4e7eb, C: 0x5c636e, N: 0x3f62e0, O: 0xe5372c, F: 0x7fc64b, S: 0xe3b62a, P: 0xf08a24, Cl: 0x35b034, Br: 0x9c3b2a, I: 0x8a2fa0 };
const ELEMENT_COLORS_DARK = { ...ELEMENT_COLORS, H: 0xf1f3f5, C: 0x9aa2ae, N: 0x6f8cff, O: 0xff5b4f };

// Hues of predictions: none is an element's or an end of a colour map, and they differ in lightness too.
const TRACK_COLORS = { light: [0x0c9488, 0x9d4edd, 0xc2780c, 0xd6336c], dark: [0x2dd4bf, 0xc084fc, 0xfbbf24, 0xf472b6] };

// Ends and middles of the colour maps.  The middle is a grey that shows on the background; unsigned maps start from it,
// so that what is small stays quiet.
const DIVERGING = { light: [0x1d4ed8, 0x86a5ee, 0xd5d8dd, 0xf0967f, 0xc01a1a], dark: [0x3b82f6, 0x7aa2e8, 0x8b919b, 0xf08c6c, 0xff4d3d] };
const SEQUENTIAL = { light: [0xd5d8dd, 0xf3c46b, 0xe9771f, 0xa30f3c], dark: [0x6a717d, 0xb5622f, 0xf39a2c, 0xfff0a8] };
// 3Dmol caches every colour it meets; 128 steps keep that cache small and cannot be told apart.
const MAP_STEPS = 128;

/** The page's colours as {name, background, text, muted, accent, border, panel}, from Streamlit's CSS variables. */
function readTheme(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = cssToNumber(read("--st-background-color", "#ffffff"));
  return {
    name: luminance(background) < 0.4 ? "dark" : "light",
    background,
    text: read("--st-text-color", "#1f2430"),
    accent: read("--st-primary-color", "#0c9488"),
    border: read("--st-border-color", "#c9ced6"),
    font: read("--st-font", "system-ui, sans-serif"),
  };
}

/** A CSS colour as 0xRRGGBB, whatever way it is written: a one-pixel canvas knows them all. */
function cssToNumber(text) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return (r << 16) | (g << 8) | b;
}

const toCss = (color) => `#${color.toString(16).padStart(6, "0")}`;
const channels = (color) => [(color >> 16) & 255, (color >> 8) & 255, color & 255];

function luminance(color) {
  const [r, g, b] = channels(color);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

function mix(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  const [r, g, bl] = a.map((value, i) => Math.round(value + (b[i] - value) * share));
  return (r << 16) | (g << 8) | bl;
}

function elementColor(symbol, theme) {
  const table = theme.name === "dark" ? ELEMENT_COLORS_DARK : ELEMENT_COLORS;
  return table[symbol] ?? 0xb07aa1;
}

/** The hue of a track: predictions by their order, a ghost like the prediction before it, the reference like text. */
function trackColor(tracks, track, theme) {
  if (track.role === "reference") return cssToNumber(theme.text);
  const before = tracks.slice(0, tracks.indexOf(track) + 1).filter((other) => other.role === "prediction");
  const palette = TRACK_COLORS[theme.name];
  return palette[Math.max(0, before.length - 1) % palette.length];
}

/** The colour map of a scalar range: diverging if it crosses zero, else sequential. */
function colorMap([low, high], theme) {
  const stops = (low < 0 && high > 0 ? DIVERGING : SEQUENTIAL)[theme.name];
  // A range that ends at zero is read backwards, so that zero stays the quiet end.
  const ordered = high <= 0 ? [...stops].reverse() : stops;
  return Array.from({ length: MAP_STEPS }, (_, i) => {
    const place = (i / (MAP_STEPS - 1)) * (ordered.length - 1);
    const index = Math.min(Math.floor(place), ordered.length - 2);
    return mix(ordered[index], ordered[index + 1], place - index);
  });
}

/** The map's colour for a value; what lies outside the range takes the colour of the end. */
function mapped(map, [low, high], value) {
  const place = Math.round(((value - low) / (high - low)) * (map.length - 1));
  return map[Math.max(0, Math.min(map.length - 1, place))];
}
