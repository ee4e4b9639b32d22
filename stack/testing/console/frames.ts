/** How smoothly a page runs, and how much memory it holds. */
import type { Page } from 'playwright-core';

export interface Smoothness {
  /** Frames a second. */
  readonly rate: number;
  /** Between two frames, in milliseconds. */
  readonly longestGap: number;
}

/** Counts the frames of `ms` milliseconds. */
export function smoothness(page: Page, ms: number): Promise<Smoothness> {
  return page.evaluate<Smoothness>(`new Promise((resolve) => {
    const begun = performance.now();
    let frames = 0, longestGap = 0, last = begun;
    requestAnimationFrame(function next() {
      const now = performance.now();
      frames++;
      longestGap = Math.max(longestGap, now - last);
      last = now;
      if (now - begun < ${ms}) requestAnimationFrame(next);
      else resolve({ rate: (frames * 1000) / (now - begun), longestGap });
    });
  })`);
}

/** What the page's scripts hold after the garbage was collected, in bytes. */
export async function heldBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
