import assert from 'node:assert/strict';
import { samplerNames } from '../shared/kit/process/service-settings.ts';
import { samplerFor } from './sampler.ts';

describe('samplerFor', () => {
  it('knows every name that OpenTelemetry has', () => {
    const kinds = samplerNames.map((name) => samplerFor(name, '0.25').toString());
    assert.equal(new Set(kinds).size, samplerNames.length);
  });

  it('takes the ratio from the argument, all where there is none', () => {
    assert.match(samplerFor('traceidratio', '0.25').toString(), /0\.25/);
    assert.match(samplerFor('traceidratio', '').toString(), /\{1\}/);
  });

  it('says what it does not know', () => {
    assert.throws(() => samplerFor('sometimes'), /"sometimes" is no sampler; there are always_on,/);
    for (const argument of ['-1', '1.1', 'half']) {
      assert.throws(() => samplerFor('traceidratio', argument), /is no sampling ratio/);
    }
  });
});
