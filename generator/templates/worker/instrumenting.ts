import { frameMetrics } from '../../../shared/kit/metrics/frame-metrics.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import { observed } from '../../../shared/kit/observed.ts';
import type { SampleOwnerService } from './service.ts';

/** Counts answers by outcome. */
export function instrumentingService(next: SampleOwnerService, meter: Meter): SampleOwnerService {
  const answers = meter.counter(frameMetrics.workerAnswers);
  return observed(next, {
    sampleEvent: (_ctx, _request, { outcome }) => answers.add(1, { worker: 'samplename', outcome }),
  });
}
