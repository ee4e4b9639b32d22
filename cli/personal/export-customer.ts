/** All there is about a customer, opened. */
import { answersIn } from '../../services/ordersvc/http/answers.ts';
import { sealedTexts } from '../../services/ordersvc/personal/sealed-texts.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { PersonalData } from '../../shared/personal-data/personal-data.ts';
import type { AuditedLedger } from '../audit/sources.ts';
import { majorNumber } from '../major-units.ts';
import { type CustomerBooks, customersOrders } from './customer-orders.ts';

export interface ExportTools extends CustomerBooks {
  readonly people: PersonalData;
  readonly ledger: AuditedLedger;
  /** Of the log's currency. */
  readonly decimals: number;
}

/**
 * The customer `name` as a JSON document: each order as ordersvc shows it, its events as
 * they were written, its line of the ledger, and the dead letters about it.
 */
export async function exportCustomer(
  ctx: Context,
  tools: ExportTools,
  name: string,
): Promise<string> {
  const { people, ledger, decimals } = tools;
  const pseudonym = (await people.find(ctx, name))?.pseudonym;
  const texts = sealedTexts(people);
  const answers = answersIn(decimals);
  const orders: string[] = [];
  for await (const { view, events, letters } of customersOrders(ctx, tools, { name, pseudonym })) {
    const line = await ledger.line(ctx, view.details.orderId);
    const around = {
      order: answers.order(await texts.open(ctx, view)),
      ledger: line && { ...line, amount: majorNumber(line.amount, decimals), customerId: name },
      dead_letters: letters.map((letter) => ({ ...letter, position: Number(letter.position) })),
    };
    // The events' payloads keep their digits.
    const shown = answers.events(await texts.openEvents(ctx, events)).text;
    orders.push(`${JSON.stringify(around).slice(0, -1)},${shown.slice(1)}`);
  }
  const head = JSON.stringify({ customer: name, pseudonym });
  return `${head.slice(0, -1)},"orders":[${orders.join(',')}]}`;
}
