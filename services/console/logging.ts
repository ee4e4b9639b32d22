import type { LettersDone } from '../../shared/contracts/console.ts';
import type { Context } from '../../shared/kit/context.ts';
import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { ConsoleService, DecisionRequest } from './service.ts';

/** A service that logs what people did by the console: who, and to what, but no texts of theirs. */
export function loggingService(next: ConsoleService, logger: Logger): ConsoleService {
  const who = (ctx: Context) => ({ ...logFields(ctx), by: ctx.principal?.subject });
  const decided =
    (did: string) =>
    (ctx: Context, { orderId }: DecisionRequest) =>
      logger.info({ ...who(ctx), order_id: orderId }, `order ${did} by the console`);
  const letters = (did: string) => (ctx: Context, _request: unknown, done: LettersDone) => {
    if (done.dry_run) return;
    const count = done.results.filter(({ outcome }) => outcome === 'done').length;
    logger.info({ ...who(ctx), letters: count }, `dead letters ${did} by the console`);
  };
  const audits = (did: string) => (ctx: Context) => logger.info(who(ctx), `${did} by the console`);
  return observed(next, {
    cancel: decided('cancelled'),
    approve: decided('approved'),
    reject: decided('rejected'),
    replay: letters('requested again'),
    close: letters('closed'),
    startAudit: audits('audit started'),
    repairAudit: audits('repair started'),
  });
}
