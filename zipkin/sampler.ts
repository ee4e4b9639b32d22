import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { samplerNames } from '../shared/kit/process/service-settings.ts';

/**
 * The sampler that OpenTelemetry calls `name`; `argument` is the ratio from 0 to 1 for
 * those that have one (default 1). Throws RangeError for an unknown name or an invalid
 * ratio.
 */
export function samplerFor(name: string, argument?: string | number): Sampler {
  const ratio = () => new TraceIdRatioBasedSampler(ratioFrom(argument));
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return ratio();
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: ratio() });
    default:
      throw new RangeError(`"${name}" is no sampler; there are ${samplerNames.join(', ')}`);
  }
}

function ratioFrom(argument: string | number | undefined): number {
  if (argument === undefined || argument === '') return 1;
  const ratio = Number(argument);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new RangeError(`"${argument}" is no sampling ratio: a number from 0 to 1`);
}
