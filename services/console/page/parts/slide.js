/** New rows push the others down smoothly, by the compositor alone. */

/** More than this is not movement but a flicker: they are simply there. */
const MOST = 10;
const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** @param {string} selector the body of the table @param {number} rows how many came in at its top */
export function slideIn(selector, rows) {
  const body = document.querySelector(selector);
  const height = body?.firstElementChild?.getBoundingClientRect().height ?? 0;
  if (body === null || rows > MOST || calm.matches || document.hidden) return;
  body.animate([{ transform: `translateY(${-rows * height}px)` }, { transform: 'none' }], {
    duration: 320,
    easing: 'cubic-bezier(0.2, 0.7, 0.2, 1)',
  });
}
