import type { Middleware } from '../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import type { QueryModelService } from './service.ts';

/** What the projection answers. */
export type QueryModelEndpoints = Pick<QueryModelService, 'project'>;

/** @param concerns the middlewares for an endpoint of that name, outermost first */
export const queryModelEndpoints = (
  service: QueryModelService,
  concerns: (name: string) => Middleware,
): QueryModelEndpoints =>
  endpointsOf<QueryModelEndpoints>(service, { project: 'project_events' }, concerns);
