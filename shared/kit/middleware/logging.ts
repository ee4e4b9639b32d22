import type { Middleware } from '../endpoint.ts';
import { type CodedError, codedError, isMachineryFailure } from '../errors.ts';
import { type Logger, logFields } from '../logger.ts';
import { seldom } from '../seldom.ts';

export interface LoggingOptions {
  /** Level of a successful request. Default `info`; `debug` suits workers, which have many. */
  readonly okLevel?: 'info' | 'debug';
}

/** Of a flood, one line in so many milliseconds. */
const FLOOD_LINE_MS = 1_000;

/**
 * One line for each request: its endpoint, its code, how long it took in
 * milliseconds. What is refused for being too much has one line a second, which says how
 * many it leaves out: a line costs more than the rest of a refusal. An error that is a regular answer is logged as info; a technical failure is
 * an error and comes with its cause. Belongs inside tracing, so
 * that each line has its trace id.
 */
export function logging(
  logger: Logger,
  name: string,
  { okLevel = 'info' }: LoggingOptions = {},
): Middleware {
  const seldomly = (level: 'info' | 'error') =>
    seldom(FLOOD_LINE_MS, (leftOut, fields: object, message: string) =>
      logger[level]({ ...fields, ...(leftOut > 0 && { left_out: leftOut }) }, message),
    );
  const floods = { rate_limited: seldomly('info'), overloaded: seldomly('error') };
  return (next) => async (ctx, request) => {
    const began = performance.now();
    try {
      const response = await next(ctx, request);
      if (logger.isLevelEnabled(okLevel)) {
        logger[okLevel]({ ...logFields(ctx), endpoint: name, code: 'ok', ms: since(began) }, name);
      }
      return response;
    } catch (error) {
      const coded: CodedError = codedError(error);
      const fields = { ...logFields(ctx), endpoint: name, code: coded.code, ms: since(began) };
      if (coded.kind === 'rate_limited') floods.rate_limited(fields, coded.message);
      else if (coded.kind === 'overloaded')
        floods.overloaded({ ...fields, err: error }, coded.message);
      else if (isMachineryFailure(error)) logger.error({ ...fields, err: error }, coded.message);
      else logger.info(fields, coded.message);
      throw error;
    }
  };
}

/** Milliseconds since `began`, to the microsecond: more digits say nothing. */
function since(began: number): number {
  return Math.round((performance.now() - began) * 1000) / 1000;
}
