import { orderId } from '../../../shared/contracts/http.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { type HttpRequest, type Route, route } from '../../../shared/kit/transport/http/route.ts';
import type { SampleOwnerService } from './service.ts';

/** The endpoints over HTTP. */
export const sampleOwnerRoutes = ({ get }: SampleOwnerService): readonly Route[] => [
  route({
    method: 'GET',
    path: '/api/sample-owner/:id',
    decode: readOrderId,
    endpoint: get,
    encode: (body) => ({ status: 200, body }),
  }),
];

/** Throws CodedError `not_found` (code `order_not_found`) for what cannot be an id. */
function readOrderId({ params }: Pick<HttpRequest, 'params'>): { readonly orderId: string } {
  const read = orderId.safeParse(params.id);
  if (read.success) return { orderId: read.data };
  throw new CodedError('not_found', 'order_not_found', 'There is no such order.');
}
