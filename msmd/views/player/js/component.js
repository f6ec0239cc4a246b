// Entry point in Streamlit, which calls this on mount and again whenever data or theme change, always with the same
// parent element, and calls the returned function on unmount.

const PLAYERS = new WeakMap();

export default function mount({ data, parentElement, setStateValue }) {
  let player = PLAYERS.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    PLAYERS.set(parentElement, player);
  }
  player.report = (paused) => setStateValue("paused", paused);
  player.show(data);
  return () => {
    player.destroy();
    PLAYERS.delete(parentElement);
  };
}
