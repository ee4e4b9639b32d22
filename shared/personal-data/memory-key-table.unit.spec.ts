import { memoryKeyTable } from './memory-key-table.ts';
import { personalDataContract } from './personal-data-contract.ts';

describe('personal data in memory', () => {
  personalDataContract(async () => memoryKeyTable(() => new Date()));
});
