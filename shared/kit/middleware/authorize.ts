import type { Context } from '../context.ts';
import type { Endpoint, Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';
import { type Principal, tokenMissing } from '../principal.ts';

/** Who may call an endpoint, with what, and what they see of its answer. */
export interface Rule<Request, Response> {
  /**
   * The request as this caller may make it. Throws, or rejects with, CodedError `forbidden`
   * for what is not theirs to ask, and `not_found` for what is somebody else's: they must
   * not learn that it exists.
   */
  admit(principal: Principal, request: Request, ctx: Context): Request | Promise<Request>;
  /** The answer as this caller may see it. Default: all of it. */
  show?(principal: Principal, response: Response): Response;
  /** In whose name the caller does it for another, to be recorded with what they do; undefined for themselves. */
  actor?(principal: Principal): string | undefined;
}

/** A rule for an endpoint whose types are known elsewhere. */
// biome-ignore lint/suspicious/noExplicitAny: a middleware fits any endpoint; rules are typed where they are made.
export type AnyRule = Rule<any, any>;

/** A rule for each endpoint of a service: a method without one does not compile. */
export type RulesFor<Service> = {
  readonly [Method in keyof Service]: Service[Method] extends Endpoint<
    infer Request,
    infer Response
  >
    ? Rule<Request, Response>
    : AnyRule;
};

/** Admits callers with one of these roles, and refuses others: `forbidden` (code `not_allowed`). */
export const onlyRoles = <Request, Response>(
  ...roles: readonly string[]
): Rule<Request, Response> => ({
  admit: (principal, request) => {
    if (roles.some((role) => principal.roles.includes(role))) return request;
    throw new CodedError('forbidden', 'not_allowed', 'Your token does not allow this.');
  },
});

/**
 * Lets through who `rule` admits. People of this machine (`local`) may do everything, and
 * nobody asks the rule. Without a principal, or with a stranger, it refuses:
 * `unauthenticated` (code `token_missing`).
 */
export function authorize(rule: AnyRule): Middleware {
  return (next) => async (ctx, request) => {
    const { principal } = ctx;
    if (principal?.kind === 'local') return next(ctx, request);
    if (principal?.kind !== 'known') throw tokenMissing();
    const admitted = await rule.admit(principal, request, ctx);
    const actor = rule.actor?.(principal);
    const response = await next(actor === undefined ? ctx : { ...ctx, actor }, admitted);
    return rule.show === undefined ? response : rule.show(principal, response);
  };
}
