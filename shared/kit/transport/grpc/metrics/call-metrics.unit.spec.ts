import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { recordingMeter } from '../../../../testing/recording.ts';
import { measuringCalls } from './call-metrics.ts';

describe('the metrics of gRPC calls', () => {
  it('tell a call once, by its method and the first status that ended it', () => {
    const { meter, measurements } = recordingMeter();
    const ended = measuringCalls(meter)('/parcels.Store/Append');
    ended(status.PERMISSION_DENIED);
    ended(status.CANCELLED);
    assert.deepEqual(
      measurements.map(({ instrument, attributes }) => [instrument, attributes]),
      [
        [
          'rpc_server_call_duration_seconds',
          {
            'rpc.system.name': 'grpc',
            'rpc.method': 'parcels.Store/Append',
            'rpc.response.status_code': 'PERMISSION_DENIED',
          },
        ],
      ],
    );
  });
});
