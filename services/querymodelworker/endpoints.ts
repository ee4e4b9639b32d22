import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import type { Batch, Projected, QueryModelService } from './service.ts';

/** What the projection answers. */
export interface QueryModelEndpoints {
  /** Events have come: fold them into the read model. */
  readonly project: Endpoint<Batch, Projected>;
}

/** The endpoints over `service`, each wrapped in what `concerns` gives for its name. */
export function queryModelEndpoints(
  service: QueryModelService,
  concerns: (name: string) => Middleware,
): QueryModelEndpoints {
  return {
    project: concerns('project_events')((ctx, batch: Batch) => service.project(ctx, batch)),
  };
}
