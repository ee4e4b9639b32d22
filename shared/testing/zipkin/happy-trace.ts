/**
 * The trace of an order that is Approved without any trouble, as `treeText` writes it:
 * from the request to the last event that a worker appends. The read model and the coordinator
 * follow the log, and so they stand below the append.
 */
export const HAPPY_TRACE: readonly string[] = [
  'ordersvc: post /api/orders [SERVER]',
  '  ordersvc: place_order [INTERNAL]',
  '    ordersvc: eventstore.eventstore/appendevents [CLIENT]',
  '      eventstoresvc: eventstore.eventstore/appendevents [SERVER]',
  '        eventstoresvc: append [INTERNAL]',
  '          querymodelworker: orders.created process [CONSUMER]',
  '          sagacoordinator: orders.created process [CONSUMER]',
  '          eventstoresvc: orders.created publish [PRODUCER]',
  '            paymentworker: orders.created process [CONSUMER]',
  '              paymentworker: pay_order [INTERNAL]',
  '                paymentworker: eventstore.eventstore/appendevents [CLIENT]',
  '                  eventstoresvc: eventstore.eventstore/appendevents [SERVER]',
  '                    eventstoresvc: append [INTERNAL]',
  '                      querymodelworker: orders.paymentdebited process [CONSUMER]',
  '                      sagacoordinator: orders.paymentdebited process [CONSUMER]',
  '                      eventstoresvc: orders.paymentdebited publish [PRODUCER]',
  '                        reviewworker: orders.paymentdebited process [CONSUMER]',
  '                          reviewworker: review_order [INTERNAL]',
  '                            reviewworker: eventstore.eventstore/appendevents [CLIENT]',
  '                              eventstoresvc: eventstore.eventstore/appendevents [SERVER]',
  '                                eventstoresvc: append [INTERNAL]',
  '                                  querymodelworker: orders.approved process [CONSUMER]',
  '                                  sagacoordinator: orders.approved process [CONSUMER]',
  '                                  eventstoresvc: orders.approved publish [PRODUCER]',
  '                            reviewworker: eventstore.eventstore/getevents [CLIENT]',
  '                              eventstoresvc: eventstore.eventstore/getevents [SERVER]',
  '                                eventstoresvc: read [INTERNAL]',
];

/** The same tree, from one line per span, with siblings in alphabetical order, because they have no order. */
export function siblingsSorted(lines: readonly string[]): readonly string[] {
  const families: string[][] = [];
  const depth = lines[0]?.search(/\S/);
  for (const line of lines) {
    if (line.search(/\S/) === depth) families.push([line]);
    else families.at(-1)?.push(line);
  }
  return families
    .map(([head = '', ...below]) => [head, ...siblingsSorted(below)])
    .sort((a, b) => (a.join('\n') < b.join('\n') ? -1 : 1))
    .flat();
}
