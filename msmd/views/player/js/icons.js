// Icons as SVG paths in a 24 by 24 box, drawn in the text's colour.

const ICONS = {
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z",
  back: "M18.5 5v14L9 12zM5.5 5h2.5v14H5.5z",
  forward: "M5.5 5v14L15 12zM16 5h2.5v14H16z",
  loop: "M12 4a8 8 0 0 1 7.4 5h-2.3a6 6 0 1 0 .8 4.5h2A8 8 0 1 1 12 4zm9-.5V10h-6.5l2.4-2.4z",
  overlay: "M9 3a6 6 0 0 1 5.7 4.1A6 6 0 1 1 9.3 16.9 7 7 0 0 1 9 3zm0 2a5 5 0 0 0-.2 10A6 6 0 0 1 12.6 7 5 5 0 0 0 9 5z",
  side: "M3 5h8v14H3zM13 5h8v14h-8zM15 7v10h4V7z",
  reset: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4zM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
  picture: "M4 7h3.5L9 5h6l1.5 2H20v12H4zM12 9a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0 2a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
};

const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
