/** `ordersctl audit`: checks that all books agree; `--repair` repairs derived ones. */
import type { Command } from 'commander';
import { keepAuditResult } from '../../services/sagacoordinator/audit-result.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { isMachineryFailure } from '../../shared/kit/errors.ts';
import { setting } from '../../shared/kit/process/setting.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { type AuditOptions, audit } from '../audit/audit.ts';
import { bookAddresses, withSources } from '../audit/connect.ts';
import { repairHands } from '../audit/hands.ts';
import { timesOf } from '../audit/order-trail.ts';
import { repairAll } from '../audit/repair.ts';
import { type AuditReport, verdictOf } from '../audit/report.ts';
import { settled } from '../audit/settle.ts';
import type { AuditSources } from '../audit/sources.ts';
import { auditProgress, auditProgressLines } from '../audit-progress.ts';
import { configuredCurrency, currencyOfLog } from '../currency.ts';
import { withExample } from '../example.ts';
import { auditExitCodes } from '../exit-code.ts';
import { optionOrVariable, UsageError } from '../option.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import { auditDocument, renderAudit } from '../render-audit.ts';
import { planned, type RepairAnswer, repairAnswer, repairedLine } from '../render-repair.ts';
import { type CommonOptions, deadlines, withOptions } from '../settings.ts';
import { resetStream } from '../stream/stream-reset.ts';

const GRACE_MS = 30_000;
const ctx = background();

interface AuditCommandOptions extends CommonOptions {
  readonly grace?: string;
  readonly repair?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly progress?: true;
}

export function addAuditCommand(program: Command): void {
  withOptions(withExample(program.command('audit'), 'audit --repair'), 'eventStore', 'json')
    .description(
      'compare log, stream, read model, ledger, deadlines, checkpoints and dead letters while ' +
        'everything runs. Exit code 5: books differ or a copy does not keep up; 6: nothing is ' +
        'wrong, but something waits for a person or too long; 1: a book could not be ' +
        'read. Finds the databases by ORDERS_DATABASE_URL, PAYMENTS_DATABASE_URL and ' +
        'SAGA_DATABASE_URL and NATS by NATS_URL, or else on the ports of make start ' +
        '(SQL_PORT, NATS_PORT); PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS, VOID_RETRY_MS, ' +
        'DEADLINE_CEILING_MS and STREAM_REPLICAS must match the services',
    )
    .option(
      '--grace <ms>',
      `an order is stuck this long after its deadline; a copy may lag this long (default: ${GRACE_MS})`,
    )
    .option(
      '--repair',
      'show how to repair what is derived from the log: stream, rows of the read model, deadlines, ' +
        'missing voids, checkpoints; never changes the log or the ledger',
    )
    .option('--yes', 'with --repair: do it while everything runs, and audit again')
    .option('--dry-run', 'with --repair: only show it, as without --yes')
    .option('--progress', 'show the progress on standard error as lines of JSON, for programs')
    .action(async (options: AuditCommandOptions) => {
      checkRepair(options);
      const addresses = bookAddresses(options);
      const patience = { ...deadlines(), graceMs: graceOf(options) };
      const replicas = replicasOf();
      const progress = options.progress ? auditProgressLines : auditProgress;
      await withSources(addresses, async (sources, tools) => {
        const { decimals } = await currencyOfLog(tools.log).catch((error: unknown) => {
          // The log is a book like the others: if it is away, that is reported, and the others are
          // compared.
          if (!isMachineryFailure(error)) throw error;
          return configuredCurrency();
        });
        const codec = orderEventCodec(decimals);
        const show = showIn(decimals);
        const report = await look(sources, { codec, patience }, progress);
        await keep(tools.sagaDatabase, report);
        if (!options.repair) return show(report, options);
        const plan = report.repairs.listed;
        if (!options.yes) return show(report, options, repairAnswer(plan, true));

        if (!options.json) {
          show(report, options);
          tell(planned(plan, terminalPaint));
        }
        const hands = repairHands({
          ...tools,
          codec,
          times: timesOf(patience),
          resetStream: () => resetStream(addresses.natsUrl, replicas),
        });
        const repaired = await repairAll(ctx, report, hands, (one) => {
          if (!options.json) tell([repairedLine(one, terminalPaint)]);
        });
        await settled(ctx, sources, plan, codec);
        const after = await look(sources, { codec, patience }, progress);
        await keep(tools.sagaDatabase, after);
        show(after, options, repairAnswer(repaired, false));
      });
    });
}

const keep = (database: Database, report: AuditReport): Promise<void> =>
  keepAuditResult(ctx, database, { ...report, verdict: verdictOf(report) });

/** Throws UsageError if the options contradict each other. */
function checkRepair({ repair, yes, dryRun }: AuditCommandOptions): void {
  if (!repair && (yes || dryRun)) throw new UsageError('--yes and --dry-run go with --repair');
  if (yes && dryRun) throw new UsageError('give --yes or --dry-run, not both');
}

async function look(
  sources: AuditSources,
  options: Pick<AuditOptions, 'codec' | 'patience'>,
  showing: typeof auditProgress | typeof auditProgressLines,
): Promise<AuditReport> {
  const progress = showing(process.stderr);
  try {
    return await audit(ctx, sources, { ...options, onProgress: progress.told });
  } finally {
    progress.end();
  }
}

/** Prints the report, money with `decimals` decimals, and sets the exit code to its verdict. */
const showIn =
  (decimals: number) =>
  (report: AuditReport, options: CommonOptions, repair?: RepairAnswer): void => {
    print(
      options,
      { report, repair },
      (found) => {
        const lines = renderAudit(found.report, decimals, terminalPaint);
        // What was done is already printed.
        return repair?.dry_run
          ? [lines, ...planned(found.report.repairs.listed, terminalPaint, true)].join('\n')
          : lines;
      },
      (found) => ({
        ...auditDocument(found.report, decimals),
        ...(repair !== undefined && { repair: found.repair }),
      }),
    );
    process.exitCode = auditExitCodes[verdictOf(report)];
  };

const tell = (lines: readonly string[]): void =>
  print({}, { lines }, (found) => found.lines.join('\n'));

const graceOf = ({ grace }: AuditCommandOptions): number =>
  optionOrVariable(
    setting.milliseconds(GRACE_MS),
    { name: '--grace', value: grace },
    'AUDIT_GRACE_MS',
  );

const replicasOf = (): number =>
  optionOrVariable(
    setting.streamReplicas(),
    { name: 'STREAM_REPLICAS', value: undefined },
    'STREAM_REPLICAS',
  );
