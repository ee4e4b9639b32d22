import { background } from '../../kit/context.ts';
import { isKind } from '../../kit/errors.ts';
import type { Logger } from '../../kit/logger.ts';
import type { Checkpoint, SaveCheckpointRequest } from '../checkpoints.ts';
import type { EventStore } from '../event-store.ts';

/** Saves a consumer's checkpoint where it survives the broker. */
export interface CheckpointSaver {
  /**
   * Sets the consumer's current place, replacing earlier ones. Call it repeatedly, even with
   * the same place. Returns at once and never throws; saves in the background.
   */
  moved(checkpoint: Checkpoint): void;
  /** Resolves when the last checkpoint is saved, or could not be. Never rejects. */
  flush(): Promise<void>;
}

/**
 * Saves one checkpoint at a time, and only the last of those that came meanwhile; does
 * not send one that equals the last saved. A failed save is tried again with the next
 * call: an older checkpoint costs repeats, which are harmless. A store that does not
 * accept it yet (`precondition_failed`: it has not verified that the stream is its copy
 * up to there) is no failure. The caller decides how often to call.
 */
export function checkpointSaver(
  store: Pick<EventStore, 'saveCheckpoint'>,
  { consumer, eventTypes }: Required<Pick<SaveCheckpointRequest, 'consumer' | 'eventTypes'>>,
  logger: Logger,
): CheckpointSaver {
  let wanted: Checkpoint | undefined;
  let saved: Checkpoint | undefined;
  let saving: Promise<void> | undefined;
  let failing = false;

  async function save(): Promise<void> {
    try {
      while (wanted !== undefined && !same(wanted, saved)) {
        const checkpoint = wanted;
        await store.saveCheckpoint(background(), { consumer, eventTypes, ...checkpoint });
        saved = checkpoint;
        failing = false;
      }
    } catch (error) {
      const level = failing || isKind(error, 'precondition_failed') ? 'debug' : 'warn';
      failing ||= level === 'warn';
      const position = `${wanted?.position}`;
      logger[level]({ err: error, consumer, position }, 'checkpoint not saved');
    }
  }

  function run(): Promise<void> {
    saving ??= save().finally(() => {
      saving = undefined;
    });
    return saving;
  }

  return {
    moved(checkpoint) {
      wanted = checkpoint;
      void run();
    },
    async flush() {
      await saving;
      await run();
    },
  };
}

const same = (a: Checkpoint, b: Checkpoint | undefined): boolean =>
  a.position === b?.position && a.eventId === b.eventId && a.delivered === b.delivered;
