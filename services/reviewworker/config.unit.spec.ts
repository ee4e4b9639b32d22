import assert from 'node:assert/strict';
import { ConfigError } from '../../shared/kit/process/config.ts';
import { readConfig } from './config.ts';

describe('the configuration of the review worker', () => {
  it('decides by policy, and names no restaurants but those of the demo', () => {
    const { policy } = readConfig({});
    assert.deepEqual(policy.rejectRestaurants, ['demo-closed']);
    assert.deepEqual(policy.manual, ['demo-manual']);
  });

  it('leaves all restaurants to themselves in manual mode', () => {
    assert.equal(readConfig({ REVIEW_MODE: 'manual' }).policy.manual, 'all');
  });

  it('takes the restaurants it is given, and none where the list is a lone comma', () => {
    const env = { REVIEW_MANUAL_RESTAURANTS: 'one, two', REVIEW_REJECT_RESTAURANTS: ',' };
    const { policy } = readConfig(env);
    assert.deepEqual(policy.manual, ['one', 'two']);
    assert.deepEqual(policy.rejectRestaurants, []);
  });

  it('knows no third mode', () => {
    assert.throws(() => readConfig({ REVIEW_MODE: 'Manual' }), ConfigError);
  });
});
