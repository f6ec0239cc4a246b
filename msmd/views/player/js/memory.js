// What outlives the component: a page switch unmounts it, a rerun may bring other data.  Kept on window, because
// Streamlit may evaluate this module more than once.

const MEMORY = (window.__msmdPlayer ??= { settings: new Map(), views: new Map(), viewers: [] });

/** What the viewer chose on this player (layout, style, speed ...), by the player's key. */
function settingsOf(key, defaults) {
  if (!MEMORY.settings.has(key)) MEMORY.settings.set(key, { ...defaults });
  return MEMORY.settings.get(key);
}

/** Camera, time and whether it plays, by key and molecule: another molecule starts with its own view. */
function viewOf(key, scene) {
  const molecule = `${key}|${scene.numbers.join(",")}|${scene.bonds.join(";")}`;
  if (!MEMORY.views.has(molecule)) MEMORY.views.set(molecule, {});
  return MEMORY.views.get(molecule);
}

// A grid of one: 3Dmol then draws into the canvas on the page instead of copying every frame out of a hidden one.
const DIRECT = { antialias: false, rows: 1, cols: 1, row: 0, col: 0 };

/**
 * Takes out the passes that a software renderer pays for by the pixel: 3Dmol draws into a texture, with three more
 * of that size made and cleared for shadows we do not use, and copies that to the screen.  Without its frame buffer
 * it draws straight to the canvas, in half the time.  (Antialiasing, at twice the size, costs nine tenths.)
 */
function drawDirectly({ renderer }) {
  renderer.initFrameBuffer = () => {}; // called again at every resize
  renderer._fb = null;
}

/**
 * A 3Dmol viewer with its element, from the pool or new.  Viewers are never destroyed: 3Dmol leaves listeners on window
 * and browsers allow some sixteen WebGL contexts, so a page switch hands them back for the next player.
 */
function takeViewer(threeDmol, container) {
  const pooled = MEMORY.viewers.pop();
  if (pooled) {
    container.appendChild(pooled.host);
    return pooled;
  }
  const host = document.createElement("div");
  host.className = "viewer";
  container.appendChild(host);
  const hardware = probeWebgl() === "hardware";
  const viewer = threeDmol.createViewer(host, { ...(hardware ? { antialias: true } : DIRECT), disableFog: true });
  if (!viewer) {
    host.remove();
    return null;
  }
  if (!hardware) drawDirectly(viewer);
  return { host, viewer };
}

function returnViewer({ host, viewer }) {
  viewer.setViewChangeCallback(null);
  viewer.removeAllModels();
  viewer.removeAllShapes();
  host.remove();
  MEMORY.viewers.push({ host, viewer });
}
