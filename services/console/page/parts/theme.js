/** Light or dark, as the system has it or as somebody chose on this machine. */

/** @typedef {'auto' | 'light' | 'dark'} Theme */

/** @returns {Theme} */
export const theme = () =>
  /** @type {Theme | undefined} */ (document.documentElement.dataset.theme) ?? 'auto';

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  localStorage.setItem('theme', chosen);
  dispatchEvent(new Event('theme'));
}

/** A colour of tokens.css as it is in this light, for canvases. @param {string} name */
export function colour(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
