/** Which versions of an order a caller accepts. Pure. */
import { CodedError } from '../../../shared/kit/errors.ts';

/** The accepted versions; undefined: any. */
export type Versions = readonly bigint[] | undefined;

/** True if `version` is accepted. */
export const matches = (wanted: Versions, version: bigint): boolean =>
  wanted === undefined || wanted.includes(version);

/** The error for an order that is at an unwanted version; nothing was done. */
export function versionMismatch(version: bigint): CodedError {
  return new CodedError(
    'precondition_failed',
    'version_mismatch',
    `The order is at version ${version}, which If-Match does not name; nothing was changed. Read the order and decide again.`,
  );
}
