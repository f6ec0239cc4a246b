// Entry point of the HTML file: the scene is in the page.

const packed = atob(document.getElementById("scene").textContent.trim());
const player = new Player(document.getElementById("player"));
const show = () => player.show(Uint8Array.from(packed, (character) => character.charCodeAt(0)));
show();
// The page's colours follow the system's; the drawing is told.
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
