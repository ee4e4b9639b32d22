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
import { auditDocument, renderAudit } from './render-audit.ts';
import {
  type CommonOptions,
  currencyDecimals,
  deadlines,
  eventStoreAddress,
  fromEnvironment,
  withOptions,
} from './settings.ts';

const GRACE_MS = 30_000;

export function addAuditCommand(program: Command): void {
  withOptions(program.command('audit'), 'eventStore', 'json')
    .description(
      'compare log, stream, read model and ledger, while all runs; exit code 1 where they differ ' +
        'or an order is stuck. The databases are found by ORDERS_DATABASE_URL and ' +
        'PAYMENTS_DATABASE_URL, NATS by NATS_URL; PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS and ' +
        'CURRENCY must be as the services have them',
    )
    .option(
      '--grace <ms>',
      `how long after its deadline an order counts as stuck (default: ${GRACE_MS})`,
    )
    .action(async (options: CommonOptions & { readonly grace?: string }) => {
      const decimals = currencyDecimals();
      const graceMs = optionOrVariable(
        setting.milliseconds(GRACE_MS),
        { name: '--grace', value: options.grace },
        'AUDIT_GRACE_MS',
      );
      const patience = { ...deadlines(), graceMs };
      const report = await withSources(addresses(options), (sources) =>
        audit(background(), sources, { codec: orderEventCodec(decimals), patience }),
      );
      console.log(
        options.json
          ? JSON.stringify(auditDocument(report, decimals))
          : renderAudit(report, decimals, terminalPaint),
      );
      if (report.discrepancyCount > 0) process.exitCode = exitCodes.failed;
    });
}

const addresses = (options: CommonOptions) => ({
  eventStore: eventStoreAddress(options),
  natsUrl: fromEnvironment(setting.natsUrl('nats://127.0.0.1:4222'), 'NATS_URL'),
  ordersDatabaseUrl: fromEnvironment(
    setting.databaseUrl('postgres://orders@127.0.0.1:26257/ordersdb'),
    'ORDERS_DATABASE_URL',
  ),
  paymentsDatabaseUrl: fromEnvironment(
    setting.databaseUrl('postgres://orders@127.0.0.1:26257/paymentsdb'),
    'PAYMENTS_DATABASE_URL',
  ),
});
