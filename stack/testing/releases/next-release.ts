/**
 * A next release of the project: the tree as it is, with what an upgrade may bring. It has an
 * event that this one lacks and writes it itself, asks for another filter of a durable, and
 * writes a column that is new.
 */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeBlocks, root, section } from '../../../docs/markdown.ts';
import { copyProject, writeBlock } from '../../../docs/walkthrough.ts';

export interface Release {
  /** Where it lies. */
  readonly folder: string;
  /** As its services say in their metrics. */
  readonly version: string;
}

/** The release that this tree is. */
export const thisRelease: Release = { folder: root, version: versionIn(root) };

/** The event that the next release has and this one lacks. */
export const SOLD_OUT = 'ORDERS.soldout';

/** The next release takes one of ten for sold out. */
export const isSoldOut = (item: string): boolean => item.endsWith('7');

/** Beside what CONTRIBUTING's walkthrough adds: the event is written, seen in the row, and lets the order be cancelled. */
const changes = [
  [
    'shared/contracts/rights/grpc.ts',
    `-    appends: [types.approved, types.rejected, types.cancelled],
+    appends: [types.approved, types.rejected, types.cancelled, types.soldout],
`,
  ],
  [
    'services/reviewworker/service.ts',
    `-            return answer(state);
+            return soldOut(state) ?? answer(state);
@@
-function resultOf({ decision, state }: Handled<OrderState, OrderEvent>): ReviewResult {
+function soldOut({ details }: OrderState): OrderCommand | undefined {
+  const item = details?.items[0]?.name ?? '';
+  if (details === undefined || !item.endsWith('7')) return undefined;
+  return { type: 'recordSoldOut', orderId: details.orderId, item };
+}
+
+function resultOf({ decision, state }: Handled<OrderState, OrderEvent>): ReviewResult {
`,
  ],
  [
    'shared/domain/order.ts',
    `     case 'soldout':
-      return state;
+      return { ...state, reason: state.reason ?? \`sold out: \${event.item}\` };
`,
  ],
  [
    'services/paymentworker/gateway/gathered-ledger.ts',
    `-          (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason)
+          (idempotency_key, order_id, customer_id, kind, amount_minor, outcome, payment_id, reason,
+           entered_by)
@@
-               i.outcome, i.payment_id, i.reason
+               i.outcome, i.payment_id, i.reason, 'next release'
`,
  ],
] as const;

const migrations = 'services/paymentworker/migrations';
const EXPAND = `${migrations}/008.do.ledger-entered-by.sql`;
const CONTRACT = `${migrations}/009.do.contract-ledger-entered-by.sql`;

/** Makes it in the empty folder `folder`. */
export async function makeNextRelease(folder: string): Promise<Release> {
  copyProject(folder);
  const blocks = codeBlocks(
    section(readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8'), 'Add an event'),
  );
  const generate = blocks.find(({ text }) => text.startsWith('npm run --silent new -- event '));
  if (generate === undefined) throw new Error('CONTRIBUTING does not generate an event.');
  await promisify(execFile)(
    'bash',
    ['-c', generate.text.replace('npm run --silent new --', 'node generator/main.ts')],
    { cwd: folder },
  );
  for (const { file, ...block } of blocks) {
    if (file === undefined || file.endsWith('.spec.ts')) continue;
    writeBlock(folder, { ...block, file });
  }
  for (const [file, text] of changes) {
    writeBlock(folder, { language: 'diff', file, text, above: '' });
  }
  writeFileSync(
    join(folder, EXPAND),
    'alter table ledger add column if not exists entered_by text;\n',
  );
  const description = join(folder, 'package.json');
  const version = `${versionIn(folder)}-next`;
  writeFileSync(
    description,
    readFileSync(description, 'utf8').replace(/"version": "[^"]+"/, `"version": "${version}"`),
  );
  return { folder, version };
}

/** Makes `release` the one after it, which takes that column away, while `work` is done. */
export async function asTheOneAfter({ folder }: Release, work: () => Promise<void>): Promise<void> {
  const file = join(folder, CONTRACT);
  writeFileSync(file, 'alter table ledger drop column if exists entered_by;\n');
  try {
    await work();
  } finally {
    rmSync(file);
  }
}

function versionIn(folder: string): string {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}
