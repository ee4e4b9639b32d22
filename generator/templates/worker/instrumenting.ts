import type { Meter } from '@opentelemetry/api';
import { observed } from '../../../shared/kit/observed.ts';
import type { SampleOwnerService } from './service.ts';

/** Counts answers by outcome. */
export function instrumentingService(next: SampleOwnerService, meter: Meter): SampleOwnerService {
  const answers = meter.createCounter('sample_owner_answers_total', {
    description: 'Answers, by outcome.',
  });
  return observed(next, {
    sampleEvent: (_ctx, _request, { outcome }) => answers.add(1, { outcome }),
  });
}
