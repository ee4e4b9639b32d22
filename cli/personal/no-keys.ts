import { sqlState } from '../../shared/kit/sql/database.ts';

const NO_SUCH_DATABASE = '3D000';

/**
 * For a promise's `catch`: `nothing` if there is no database of keys, which is so where nothing
 * was ever sealed. Throws every other error.
 */
export const whereNothingIsSealed =
  <T>(nothing: T) =>
  (error: unknown): T => {
    if (sqlState(error) === NO_SUCH_DATABASE) return nothing;
    throw error;
  };
