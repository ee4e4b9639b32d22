import type { Component } from './lifecycle.ts';

/**
 * `component`, whose problems make the process degraded instead of not ready: for what
 * accepted work needs but requests do not.
 */
export function degradedInstead({ notReady, degraded, ...component }: Component): Component {
  return { ...component, degraded: () => notReady?.() ?? degraded?.() };
}

/**
 * The same from the first look at which it was ready. Until then it holds back
 * the process's readiness: who starts it should learn that it does not work
 * before it ends the one that does.
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
