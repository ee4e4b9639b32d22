import type { AuditReport, Book } from './report.ts';

/** What a person can do about the findings of `report`, each once. Pure. */
export function remedies(report: AuditReport): readonly string[] {
  const { discrepancies, waiting, repairs } = report;
  const wrong = (...books: Book[]) =>
    discrepancies.some(({ book, fault }) => books.includes(book) && fault === 'wrong');
  const waits = (book: Book) => waiting.some((one) => one.book === book);
  const said: [when: boolean, what: string][] = [
    [
      repairs.listed.length > 0,
      `${repairs.listed.length} of these can be repaired: \`npx ordersctl audit --repair\` shows how; --yes does it`,
    ],
    [
      discrepancies.some(({ fault }) => fault === 'differs'),
      'if two books differ, nobody knows which is right, and either may be the only true copy: compare both with a backup of the log before you reset or repair one',
    ],
    [repairs.withheld !== undefined, repairs.withheld ?? ''],
    [wrong('log', 'money'), 'nothing can repair the log: compare it with a backup'],
    [wrong('ledger'), "nothing can repair the ledger: compare it with the gateway's statement"],
    [
      discrepancies.some(({ book, repairable }) => book === 'checkpoints' && !repairable),
      'a missing checkpoint or table of the read model: `npx ordersctl read-model rebuild`',
    ],
    [waits('dead letters'), 'dead letters: `npx ordersctl dlq list`'],
    [
      waits('log'),
      'everything skips an event that cannot be read: ask who appended it to append a correct one',
    ],
    [waits('orders'), 'why an order is stuck: `npx ordersctl explain <order id>`'],
  ];
  return said.filter(([when]) => when).map(([, what]) => what);
}
