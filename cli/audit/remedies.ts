import type { AuditReport, Book } from './report.ts';

/** What a person can do about what `report` tells, each once. Pure. */
export function remedies(report: AuditReport): readonly string[] {
  const { discrepancies, waiting, repairs } = report;
  const wrong = (...books: Book[]) =>
    discrepancies.some(({ book, fault }) => books.includes(book) && fault === 'wrong');
  const waits = (book: Book) => waiting.some((one) => one.book === book);
  const said: [when: boolean, what: string][] = [
    [
      repairs.listed.length > 0,
      `${repairs.listed.length} of these can be put right: \`npx ordersctl audit --repair\` says how, and with --yes does it`,
    ],
    [
      discrepancies.some(({ fault }) => fault === 'differs'),
      'where two books differ nobody can know which is right, and each may be the only true copy: reset and repair neither before a person has compared both with a backup of the log',
    ],
    [repairs.withheld !== undefined, repairs.withheld ?? ''],
    [
      wrong('log', 'money'),
      'the log is the truth, and nothing repairs it: compare it with a backup',
    ],
    [
      wrong('ledger'),
      'the ledger says what the gateway did, and nothing repairs it: compare it with the statement of the gateway',
    ],
    [
      discrepancies.some(({ book, repairable }) => book === 'checkpoints' && !repairable),
      'a checkpoint of the read model that is gone, or a table: `npx ordersctl read-model rebuild`',
    ],
    [waits('dead letters'), 'what was given up: `npx ordersctl dlq list`'],
    [
      waits('log'),
      'an event that cannot be read is passed over by everybody: whoever appended it has to say what it should be, as a new event',
    ],
    [waits('orders'), 'why an order stands still: `npx ordersctl explain <order id>`'],
  ];
  return said.filter(([when]) => when).map(([, what]) => what);
}
