/**
 * Whether somebody reads or uses a part of the page, so that it must hold still: the pointer
 * moved over it lately, the focus is in it, or it was scrolled.
 */

/** A pointer that rests elsewhere in thought does not hold the list for ever. */
const POINTED_MS = 4_000;
const SCROLLED_PX = 60;

/** @param {string} selector */
export function readingWatch(selector) {
  let pointedAt = Number.NEGATIVE_INFINITY;
  const ends = new AbortController();
  const { signal } = ends;
  addEventListener(
    'pointermove',
    (event) => {
      const over = event.target instanceof Element && event.target.closest(selector);
      pointedAt = over ? performance.now() : Number.NEGATIVE_INFINITY;
    },
    { signal, passive: true },
  );
  return {
    held: () =>
      scrollY > SCROLLED_PX ||
      performance.now() - pointedAt < POINTED_MS ||
      document.activeElement?.closest(`${selector} table`) != null ||
      document.querySelector('dialog[open]') !== null,
    /** A person who asks for news has stopped reading. */
    forget() {
      pointedAt = Number.NEGATIVE_INFINITY;
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    },
    stop: () => ends.abort(),
  };
}
