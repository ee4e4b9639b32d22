import { z } from 'zod';
import { shown } from '../shared/kit/shown.ts';

/** What a service answers at `/readyz`. */
export const readyz = z.object({
  status: z.string(),
  reasons: z.array(z.string()).default([]),
});

/** What a process that starts answers at `url`: whether it is ready, and what keeps it, if it says so. Never throws. */
export async function readiness(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly ready: boolean; readonly keptBy: string | undefined }> {
  try {
    const response = await fetch(url, { signal });
    if (response.ok) {
      await response.body?.cancel();
      return { ready: true, keptBy: undefined };
    }
    const { reasons } = readyz.parse(await response.json());
    return { ready: false, keptBy: shown(reasons.join('; ')) || undefined };
  } catch {
    return { ready: false, keptBy: undefined };
  }
}
