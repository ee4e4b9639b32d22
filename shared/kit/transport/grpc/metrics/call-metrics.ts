import { status } from '@grpc/grpc-js';
import { frameMetrics } from '../../../metrics/frame-metrics.ts';
import type { Meter } from '../../../metrics/meter.ts';

/** Call the result once with the status by which the call ended; later calls do nothing. */
export type CallEnded = (code: status) => void;

/** Measures calls of gRPC: call the result when one begins, with its path `/package.Service/Method`. */
export function measuringCalls(meter: Meter): (path: string) => CallEnded {
  const duration = meter.histogram(frameMetrics.rpcServerDuration);
  return (path) => {
    const since = performance.now();
    let ended = false;
    return (code) => {
      if (ended) return;
      ended = true;
      const labels = {
        'rpc.system.name': 'grpc',
        'rpc.method': path.slice(1),
        'rpc.response.status_code': status[code],
      };
      duration.with(labels).record((performance.now() - since) / 1_000);
    };
  };
}
