import assert from 'node:assert/strict';
import { setting } from '../shared/kit/process/setting.ts';
import { optionOrVariable } from './option.ts';

describe('optionOrVariable', () => {
  const variable = 'ORDERS_SPEC_REPLICAS';
  const read = (value?: string) =>
    optionOrVariable(setting.integer(1, { max: 5 }), { name: '--replicas', value }, variable);
  afterEach(() => {
    delete process.env[variable];
  });

  it('an option counts more than the environment, and that more than the default', () => {
    assert.equal(read(), 1);
    process.env[variable] = ' ';
    assert.equal(read(), 1);
    process.env[variable] = '3';
    assert.equal(read(), 3);
    assert.equal(read('5'), 5);
  });

  it('says which of them is wrong', () => {
    assert.throws(() => read('6'), /^UsageError: --replicas: must be a whole number from 0 to 5$/);
    process.env[variable] = 'many';
    assert.throws(() => read(), /^UsageError: ORDERS_SPEC_REPLICAS: must be/);
  });
});
