import type { Middleware } from '../endpoint.ts';
import { type CodedError, codedError, isMachineryFailure } from '../errors.ts';
import { type Logger, logFields } from '../logger.ts';
import { seldom } from '../seldom.ts';

export interface LoggingOptions {
  /** Level of a successful request. Default `info`; `debug` suits workers, which have many. */
  readonly okLevel?: 'info' | 'debug';
  /**
   * What is refused for being too much has one line a second for each code, which says how
   * many it leaves out: a line costs more than the rest of a refusal. Default: a line each.
   */
  readonly seldomRefused?: boolean;
}

/** Of a flood, one line in so many milliseconds. */
const FLOOD_LINE_MS = 1_000;
const REFUSALS: readonly string[] = ['rate_limited', 'overloaded'];

/**
 * One line for each request: its endpoint, its code, how long it took in
 * milliseconds. An error that is a regular answer is logged as info; a technical failure is
 * an error and comes with its cause. Belongs inside tracing, so
 * that each line has its trace id.
 */
export function logging(
  logger: Logger,
  name: string,
  { okLevel = 'info', seldomRefused = false }: LoggingOptions = {},
): Middleware {
  function failed(fields: object, coded: CodedError, error: unknown): void {
    if (isMachineryFailure(error)) logger.error({ ...fields, err: error }, coded.message);
    else logger.info(fields, coded.message);
  }
  const lines = new Map<string, typeof failed>();
  const gathering = () =>
    seldom(FLOOD_LINE_MS, (leftOut, fields: object, ...rest: [CodedError, unknown]) =>
      failed({ ...fields, ...(leftOut > 0 && { left_out: leftOut }) }, ...rest),
    );
  function lineOf({ kind, code }: CodedError): typeof failed {
    if (!seldomRefused || !REFUSALS.includes(kind)) return failed;
    const line = lines.get(code) ?? gathering();
    lines.set(code, line);
    return line;
  }

  return (next) => async (ctx, request) => {
    const began = performance.now();
    try {
      const response = await next(ctx, request);
      if (logger.isLevelEnabled(okLevel)) {
        logger[okLevel]({ ...logFields(ctx), endpoint: name, code: 'ok', ms: since(began) }, name);
      }
      return response;
    } catch (error) {
      const coded = codedError(error);
      const fields = { ...logFields(ctx), endpoint: name, code: coded.code, ms: since(began) };
      lineOf(coded)(fields, coded, error);
      throw error;
    }
  };
}

/** Milliseconds since `began`, to the microsecond: more digits say nothing. */
function since(began: number): number {
  return Math.round((performance.now() - began) * 1000) / 1000;
}
