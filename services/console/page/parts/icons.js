/** Small pictures, drawn in the colour of the text beside them; they say nothing by themselves. */
import { html, svg } from '/assets/vendor/lit-html/lit-html.js';

const shapes = {
  orders: svg`<path d="M5 4h14v16l-2.5-1.6L14.2 20 12 18.4 9.8 20l-2.3-1.6L5 20zM9 9h6M9 13h6" />`,
  restaurant: svg`<path d="M4 11h16M6 11V8a6 6 0 0 1 12 0v3M5 11l1 9h12l1-9M10 15h4" />`,
  pipeline: svg`<path d="M3 12h4l2.5-7 5 14 2.5-7h4" />`,
  letters: svg`<path d="M3.5 6h17v12h-17zM4 7l8 6 8-6" />`,
  deadlines: svg`<circle cx="12" cy="13" r="7.5" /><path d="M12 9v4l2.5 2M9.5 2.5h5" />`,
  audit: svg`<path d="M12 3l7.5 3v5.5c0 4.6-3.2 7.9-7.5 9.5-4.3-1.6-7.5-4.9-7.5-9.5V6zM8.7 12l2.4 2.4 4.4-4.6" />`,
  auto: svg`<circle cx="12" cy="12" r="8.5" /><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentcolor" />`,
  light: svg`<circle cx="12" cy="12" r="4" /><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4" />`,
  dark: svg`<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />`,
  search: svg`<circle cx="11" cy="11" r="6.5" /><path d="M16 16l4.5 4.5" />`,
  filter: svg`<path d="M4 7h16M7 12h10M10 17h4" />`,
  sound: svg`<path d="M5 9.5v5h3.5L13 18V6L8.5 9.5zM16.5 9a4.5 4.5 0 0 1 0 6" />`,
};

/** @param {keyof typeof shapes} name */
export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${shapes[name]}</svg>`;
