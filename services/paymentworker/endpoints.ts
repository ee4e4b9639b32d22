import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { PaymentResult, PaymentService, VoidResult } from './service.ts';

/** What the payment worker answers. */
export interface PaymentEndpoints {
  /** An order was created: take its money. */
  readonly orderCreated: Endpoint<Delivery<RecordedEvent>, PaymentResult>;
  /** An order ended badly: give its money back, or see to it that none is taken. */
  readonly voidRequested: Endpoint<Delivery<RecordedEvent>, VoidResult>;
}

/** The endpoints over `service`, each wrapped in what `concerns` gives for its name. An event that cannot be read is poison. */
export function paymentEndpoints(
  service: PaymentService,
  codec: OrderEventCodec,
  concerns: (name: string) => Middleware<Delivery>,
): PaymentEndpoints {
  return {
    orderCreated: concerns('pay_order')(
      async (ctx, { body, mayBeRepeat }: Delivery<RecordedEvent>) => {
        const event = codec.decode(body);
        if (event?.type !== 'created') throw unexpected('created orders', body);
        // The log knows the order by its aggregate; that is where the answer belongs.
        const order = { ...event.order, orderId: body.aggregateId };
        // An order's first event needs no look into the log; any other might be
        // a second beginning.
        const look = mayBeRepeat || body.version !== 1n;
        return service.pay(ctx, { causeId: body.eventId, order, mayBeRepeat: look });
      },
    ),
    voidRequested: concerns('void_payment')(async (ctx, { body }: Delivery<RecordedEvent>) => {
      if (codec.decode(body)?.type !== 'voidrequested')
        throw unexpected('requests for a void', body);
      return service.voidPayment(ctx, { causeId: body.eventId, orderId: body.aggregateId });
    }),
  };
}

const unexpected = (what: string, { eventType }: RecordedEvent) =>
  new CodedError(
    'invalid',
    'unexpected_event',
    `This endpoint of the payment worker answers ${what}, not ${eventType}.`,
  );
