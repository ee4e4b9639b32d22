import type { Stack } from '../stack.ts';
import { until } from '../until.ts';

/** A process that is not ready so long after the last fault was undone will not be by itself. */
const READY_MS = 60_000;

/**
 * Waits until all services are ready, and degraded at most by their gateway. Restarts those
 * that are not ready within a minute, and returns their names and last answers.
 */
export async function untilReady(stack: Stack, signal: AbortSignal): Promise<readonly string[]> {
  const told = await Promise.all(
    Object.entries(stack.adminUrls).map(async ([name, url]) => {
      let said = 'nothing';
      const ready = async (look: AbortSignal) => {
        said = await saidBy(url, look);
        return said === 'ready';
      };
      try {
        await until(ready, { what: name, deadlineMs: READY_MS, signal });
        return undefined;
      } catch {
        signal.throwIfAborted();
        stack.kill(name);
        return `${name}: ${said}`;
      }
    }),
  );
  return told.filter((one) => one !== undefined);
}

async function saidBy(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(`${url}/readyz`, { signal });
    const text = await response.text();
    const { status, reasons = [] } = JSON.parse(text) as Standing;
    const well = status === 'ready' || (status === 'degraded' && reasons.every(ofTheGateway));
    return well ? 'ready' : `${response.status} ${text}`;
  } catch (error) {
    return `no answer (${((error as Error).cause as Error | undefined)?.message ?? 'too late'})`;
  }
}

interface Standing {
  readonly status: string;
  readonly reasons?: readonly string[];
}

/** The gateway fails by itself, and its circuit closes with the next debit that does not. */
const ofTheGateway = (reason: string): boolean => reason.includes('circuit_open');
