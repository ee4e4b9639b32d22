import type { Middleware } from '../../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../../shared/kit/endpoints-of.ts';
import type { SampleOwnerService } from './service.ts';

/** @param concerns the middlewares for the endpoint `name` of `method`, outermost first */
export const sampleOwnerEndpoints = (
  service: SampleOwnerService,
  concerns: (name: string, method: keyof SampleOwnerService) => Middleware,
): SampleOwnerService => endpointsOf(service, { get: 'get_sample_owner' }, concerns);
