import { background } from '../kit/context.ts';
import { isKind } from '../kit/errors.ts';
import type { Logger } from '../kit/logger.ts';
import type { EventStore } from './event-store.ts';

/** Keeps a consumer's position where it survives the broker. */
export interface CheckpointSaver {
  /**
   * Everything up to `position` is done, and what was said before does not count
   * any more. To be told again and again, also of the same. Returns at once and
   * never throws; saves in the background.
   */
  moved(position: bigint): void;
  /** Resolves when the last position is saved, or could not be. Never rejects. */
  flush(): Promise<void>;
}

/**
 * Saves one position at a time, and of those that came meanwhile only the last.
 * One that cannot be saved is tried when it is told the next time: an older
 * checkpoint costs repeats, which are harmless. A store that will not have it
 * yet (`precondition_failed`: it has not verified that the stream is its copy up
 * to there) is no failure. How often it is told is its caller's choice.
 */
export function checkpointSaver(
  store: Pick<EventStore, 'saveCheckpoint'>,
  consumer: string,
  logger: Logger,
): CheckpointSaver {
  let wanted = 0n;
  let saved = 0n;
  let saving: Promise<void> | undefined;
  let failing = false;

  async function save(): Promise<void> {
    try {
      while (saved < wanted) {
        const position = wanted;
        await store.saveCheckpoint(background(), consumer, position);
        saved = position;
        failing = false;
      }
    } catch (error) {
      const level = failing || isKind(error, 'precondition_failed') ? 'debug' : 'warn';
      failing ||= level === 'warn';
      logger[level]({ err: error, consumer, position: `${wanted}` }, 'checkpoint not saved');
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
      wanted = position;
      void run();
    },
    async flush() {
      await saving;
      await run();
    },
  };
}
