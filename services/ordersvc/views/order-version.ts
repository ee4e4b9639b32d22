/** Which versions of an order will do for who asks. Pure. */
import { CodedError } from '../../../shared/kit/errors.ts';

/** The versions one of which is wanted; undefined: any will do. */
export type Versions = readonly bigint[] | undefined;

/** True where `version` is one that is wanted. */
export const matches = (wanted: Versions, version: bigint): boolean =>
  wanted === undefined || wanted.includes(version);

/** What a caller hears whose order is at another version than they named; nothing was done. */
export function versionMismatch(version: bigint): CodedError {
  return new CodedError(
    'precondition_failed',
    'version_mismatch',
    `The order is at version ${version}, which If-Match does not name; nothing was changed. Read the order and decide again.`,
  );
}
