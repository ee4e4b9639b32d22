import type { OrderDetails } from '../../../shared/domain/order.ts';
import type { Context } from '../../../shared/kit/context.ts';
import {
  opened,
  openedJson,
  ownersOf,
  textsInJson,
} from '../../../shared/personal-data/opening.ts';
import {
  ERASED,
  type Person,
  type PersonalData,
} from '../../../shared/personal-data/personal-data.ts';
import { isPseudonym } from '../../../shared/personal-data/sealing.ts';
import type { OrderTexts } from './order-texts.ts';

/** Frozen: what is sealed opens in the field of this name. The paths in the events' payloads. */
const REASON = 'reason';
const nameOf = (index: number): string => `order_items.${index}.name`;

/**
 * Texts sealed with a key of the customer: the names of the items, and reasons in
 * somebody's own words. The customer is called by a pseudonym. What was written before, in
 * plain, is shown as it is; what was erased is shown as `ERASED`.
 */
export function sealedTexts(people: PersonalData): OrderTexts {
  /** Undefined: erased. An order that was placed in plain names its customer. */
  async function owner(ctx: Context, { customerId }: OrderDetails): Promise<Person | undefined> {
    if (!isPseudonym(customerId)) return people.person(ctx, customerId);
    return (await people.ofPseudonyms(ctx, [customerId])).get(customerId);
  }

  return {
    async seal(ctx, order) {
      const { orderId: aggregateId, customerId, items } = order;
      const person = await people.person(ctx, customerId);
      return {
        ...order,
        customerId: person.pseudonym,
        items: items.map((item, index) => ({
          ...item,
          name: person.seal({ aggregateId, field: nameOf(index) }, item.name),
        })),
      };
    },

    async sealReason(ctx, reason, read) {
      const order = await read();
      const person = await owner(ctx, order);
      // About somebody who was erased, nothing more is written.
      return person?.seal({ aggregateId: order.orderId, field: REASON }, reason) ?? ERASED;
    },

    async open(ctx, view) {
      const { details, reason } = view;
      const { orderId: aggregateId, customerId, items } = details;
      const names = items.map(({ name }) => name);
      const owners = await ownersOf(people, ctx, [customerId, ...names, reason ?? '']);
      const shown = (field: string, text: string) => opened(owners, { aggregateId, field }, text);
      return {
        ...view,
        details: {
          ...details,
          customerId: shown('customer_id', customerId),
          items: items.map((item, index) => ({ ...item, name: shown(nameOf(index), item.name) })),
        },
        reason: reason && shown(REASON, reason),
      };
    },

    async openEvents(ctx, events) {
      const texts = events.flatMap(({ data }) => textsInJson(data).map(({ text }) => text));
      const owners = await ownersOf(people, ctx, texts);
      return events.map((event) => ({
        ...event,
        data: openedJson(owners, event.aggregateId, event.data),
      }));
    },

    async asFiled(ctx, query) {
      const { customerId } = query;
      const person = customerId === undefined ? undefined : await people.find(ctx, customerId);
      return person === undefined ? query : { ...query, pseudonym: person.pseudonym };
    },
  };
}
