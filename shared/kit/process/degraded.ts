import type { Component } from './lifecycle.ts';

/**
 * `component`, but its problems make the process degraded rather than not ready: for what
 * accepted work needs and requests do not.
 */
export function degradedInstead({ notReady, degraded, ...component }: Component): Component {
  return { ...component, degraded: () => notReady?.() ?? degraded?.() };
}

/**
 * The same once the component has been ready. Until then it keeps the process not ready,
 * so that a deployment learns that it does not work before it stops the old one.
 */
export function degradedOnceReady({ notReady, degraded, ...component }: Component): Component {
  let worked = false;
  return {
    ...component,
    notReady: () => {
      const reason = notReady?.();
      worked ||= reason === undefined;
      return worked ? undefined : reason;
    },
    degraded: () => (worked ? (notReady?.() ?? degraded?.()) : undefined),
  };
}
