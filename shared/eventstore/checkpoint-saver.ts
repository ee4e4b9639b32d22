import { background } from '../kit/context.ts';
import type { Logger } from '../kit/logger.ts';
import type { EventStore } from './event-store.ts';

/** Keeps a consumer's position where it survives the broker. */
export interface CheckpointSaver {
  /** Everything up to `position` is done. Returns at once and never throws; saves in the background. */
  moved(position: bigint): void;
  /** Resolves when the last position is saved, or could not be. Never rejects. */
  flush(): Promise<void>;
}

/**
 * Saves one position at a time, and of those that came meanwhile only the last.
 * One that cannot be saved is saved with the next: an older checkpoint costs
 * repeats, which are harmless. How often it is told is its caller's choice.
 */
export function checkpointSaver(
  store: Pick<EventStore, 'saveCheckpoint'>,
  consumer: string,
  logger: Logger,
): CheckpointSaver {
  let wanted = 0n;
  let saved = 0n;
  let saving: Promise<void> | undefined;

  async function save(): Promise<void> {
    try {
      while (saved < wanted) {
        const position = wanted;
        await store.saveCheckpoint(background(), consumer, position);
        saved = position;
      }
    } catch (error) {
      logger.warn({ err: error, consumer, position: `${wanted}` }, 'checkpoint not saved');
    }
  }

  function run(): Promise<void> {
    saving ??= save().finally(() => {
      saving = undefined;
    });
    return saving;
  }

  return {
    moved(position) {
      if (position <= wanted) return;
      wanted = position;
      void run();
    },
    async flush() {
      await saving;
      await run();
    },
  };
}
