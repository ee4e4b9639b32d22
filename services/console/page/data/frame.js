/** Nobody sees a hidden page, but its title and its sounds go on. */
const HIDDEN_MS = 1_000;

/**
 * Calls `work` in the next frame, once, however often it was asked for: what arrives a
 * thousand times a second is painted as often as the screen is.
 * @param {() => void} work
 */
export function oncePerFrame(work) {
  let asked = false;
  let frame = 0;
  let timer = 0;
  const run = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    asked = false;
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    frame = requestAnimationFrame(run);
    // A hidden page has no frames.
    timer = window.setTimeout(run, HIDDEN_MS);
  };
}
