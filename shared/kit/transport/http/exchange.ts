/** What a hook sees of a request. */
export interface HttpExchange {
  readonly method: string;
  readonly path: string;
  /** The pattern of the route, `/api/parcels/:id`; undefined for a path or method that is not served. */
  readonly route: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  header(name: string): string | undefined;
}
