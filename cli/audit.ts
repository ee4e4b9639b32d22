/** `orders audit`: whether log, stream, read model and ledger agree. */
import type { Command } from 'commander';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { background } from '../shared/kit/context.ts';
import { setting } from '../shared/kit/setting.ts';
import { audit } from './audit/audit.ts';
import { withSources } from './audit/connect.ts';
import { exitCodes } from './exit-code.ts';
import { optionOrVariable } from './option.ts';
import { terminalPaint } from './paint.ts';
import { print } from './print.ts';
import { auditDocument, renderAudit } from './render-audit.ts';
import {
  bookAddresses,
  type CommonOptions,
  currencyDecimals,
  deadlines,
  withOptions,
} from './settings.ts';

const GRACE_MS = 30_000;

export function addAuditCommand(program: Command): void {
  withOptions(program.command('audit'), 'eventStore', 'json')
    .description(
      'compare log, stream, read model and ledger, while all runs; exit code 1 where they differ, ' +
        'a copy does not keep up or an order is stuck. The databases are found by ORDERS_DATABASE_URL and ' +
        'PAYMENTS_DATABASE_URL, NATS by NATS_URL, and without these on the ports of make start ' +
        '(SQL_PORT, NATS_PORT); PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS and ' +
        'CURRENCY must be as the services have them',
    )
    .option(
      '--grace <ms>',
      `how long after its deadline an order counts as stuck, and how long a copy may be behind (default: ${GRACE_MS})`,
    )
    .action(async (options: CommonOptions & { readonly grace?: string }) => {
      const decimals = currencyDecimals();
      const graceMs = optionOrVariable(
        setting.milliseconds(GRACE_MS),
        { name: '--grace', value: options.grace },
        'AUDIT_GRACE_MS',
      );
      const patience = { ...deadlines(), graceMs };
      const report = await withSources(bookAddresses(options), (sources) =>
        audit(background(), sources, { codec: orderEventCodec(decimals), patience }),
      );
      print(
        options,
        report,
        (found) => renderAudit(found, decimals, terminalPaint),
        (found) => auditDocument(found, decimals),
      );
      if (report.discrepancyCount > 0) process.exitCode = exitCodes.failed;
    });
}
