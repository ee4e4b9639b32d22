import { eventTypes as types } from './events.ts';
import { durables } from './subjects.ts';

/** The types of events that each durable answers, by its name; who is not here follows all. The workers' own tables are tested against it. */
export const answeredTypes: Readonly<Record<string, readonly string[]>> = {
  [durables.payment]: [types.created, types.voidrequested],
  [durables.review]: [types.paymentdebited],
};
