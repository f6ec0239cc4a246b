// Loads 3Dmol.js once per page and finds out what WebGL this browser has.

let threeDmolPromise = null;

/** Resolves to the $3Dmol library: the app's own copy first, then the CDN with an integrity hash. */
function loadThreeDmol(staticPath) {
  if (window.$3Dmol) return Promise.resolve(window.$3Dmol);
  if (!threeDmolPromise) {
    const sources = [];
    if (staticPath) sources.push({ src: new URL(staticPath, appRoot()).href });
    sources.push({ src: THREE_DMOL_CDN, integrity: THREE_DMOL_INTEGRITY });
    threeDmolPromise = tryInTurn(sources);
    // A failure is not remembered: the next mount may find the network back.
    threeDmolPromise.catch(() => { threeDmolPromise = null; });
  }
  return threeDmolPromise;
}

/** Root of the app, which may live under a path: the folder from which Streamlit's own bundle was loaded. */
function appRoot() {
  const bundle = document.querySelector('script[src*="static/js/"]');
  return bundle ? bundle.src.split("static/js/")[0] : `${window.location.origin}/`;
}

async function tryInTurn(sources) {
  for (const source of sources) {
    // Streamlit answers an unknown path with its own page, so that a script "loads" and defines nothing.
    if (await appendScript(source) && window.$3Dmol) return window.$3Dmol;
  }
  throw new Error("3Dmol.js could not be loaded");
}

function appendScript({ src, integrity }) {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = src;
    if (integrity) {
      script.integrity = integrity;
      script.crossOrigin = "anonymous";
    }
    script.onload = () => resolve(true);
    script.onerror = () => resolve(false);
    document.head.appendChild(script);
  });
}

let webglKind = null;

/**
 * "hardware", "software" or "none".  Probed on a canvas of its own, once: a context asked of the viewer's canvas with
 * other attributes would spoil the viewer's, and contexts are few.
 */
function probeWebgl() {
  if (webglKind) return webglKind;
  const gl = document.createElement("canvas").getContext("webgl2") || document.createElement("canvas").getContext("webgl");
  if (!gl) return "none"; // not remembered: contexts may be free again later
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  const release = gl.getExtension("WEBGL_lose_context");
  if (release) release.loseContext();
  webglKind = /swiftshader|llvmpipe|software|basic render/i.test(name) ? "software" : "hardware";
  return webglKind;
}
