import assert from 'node:assert/strict';
import { recordingMeter } from '../../testing/recording.ts';
import { background } from '../context.ts';
import { CodedError } from '../errors.ts';
import { instrumenting } from './instrumenting.ts';

describe('instrumenting', () => {
  it('records each request once, by endpoint and code, in seconds', async () => {
    const { meter, measurements } = recordingMeter();
    const wrap = instrumenting(meter, 'send parcel');
    const gone = new CodedError('not_found', 'parcel_not_found', 'No such parcel.');
    await wrap(async () => 1)(background(), {});
    await assert.rejects(wrap(() => Promise.reject(gone))(background(), {}), gone);
    await assert.rejects(wrap(() => Promise.reject(new Error('bug')))(background(), {}));
    assert.deepEqual(
      measurements.map(({ instrument, attributes }) => [instrument, attributes]),
      ['ok', 'parcel_not_found', 'internal'].map((code) => [
        'endpoint_duration_seconds',
        { endpoint: 'send_parcel', code },
      ]),
    );
    assert.ok(measurements.every(({ value }) => value >= 0 && value < 1));
  });
});
