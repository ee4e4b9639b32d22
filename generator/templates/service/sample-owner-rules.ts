import { onlyRoles, type RulesFor } from '../../../shared/kit/middleware/authorize.ts';
import type { SampleOwnerService } from './service.ts';

/**
 * Who may call each endpoint with a token: operators, until you say who else. An endpoint
 * without a rule does not compile.
 */
export const sampleOwnerRules: RulesFor<SampleOwnerService> = {
  get: onlyRoles('operator'),
};
