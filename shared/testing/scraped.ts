import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../kit/metrics/metrics.ts';

/** What `metrics` answers to a scrape, without a server. `accept` is the scraper's header. */
export function scraped(metrics: Pick<Metrics, 'handle'>, accept?: string): string {
  let text = '';
  const response = {
    setHeader: () => response,
    end: (body: string) => {
      text = body;
    },
  };
  const request = { headers: { accept } } as IncomingMessage;
  metrics.handle(request, response as unknown as ServerResponse);
  return text;
}
