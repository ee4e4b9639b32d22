import type { Middleware } from '../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import type { QueryModelService } from './service.ts';

/** The projection's endpoints. */
export type QueryModelEndpoints = Pick<QueryModelService, 'project'>;

/** @param concerns the middlewares for the endpoint `name`, outermost first */
export const queryModelEndpoints = (
  service: QueryModelService,
  concerns: (name: string) => Middleware,
): QueryModelEndpoints =>
  endpointsOf<QueryModelEndpoints>(service, { project: 'project_events' }, concerns);
