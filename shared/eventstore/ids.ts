import { v5, v7 } from 'uuid';

/** Frozen: every derived id depends on it. */
const NAMESPACE = 'b5c3d0de-52d1-4f0f-9a3e-0c8b8f6f2a11';

/** A new id, ordered by time so that indexes grow at one end. */
export const newId = (): string => v7();

/** The id for `parts`, always the same; other parts have another one, wherever they are split. */
export const idOf = (...parts: readonly string[]): string => v5(JSON.stringify(parts), NAMESPACE);

/**
 * The id of what `handler` makes of the event `causeId` for `purpose`: the same every
 * time, so that a repeated answer is one answer. All three are frozen names: after a
 * rename, answers already given would be given again.
 */
export const derivedId = (handler: string, causeId: string, purpose: string): string =>
  idOf(handler, causeId, purpose);
