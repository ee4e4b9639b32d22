import { CodedError } from './errors.ts';

/**
 * Who asks, as a transport found out. It travels in the Context, so that middlewares and
 * services see it whatever the protocol.
 */
export interface Principal {
  /**
   * `known`: by credentials that were checked. `local`: a person of this machine, who needs
   * none and may do everything. `stranger`: has shown nothing.
   */
  readonly kind: 'known' | 'local' | 'stranger';
  /** Names a known one among those of one issuer; undefined otherwise. */
  readonly subject: string | undefined;
  /** What a known one is. */
  readonly roles: readonly string[];
  /** What the credentials say besides. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Callers with the same one share their limits: the subject, or else where they call from. */
  readonly share: string;
}

/** Somebody at this machine, or with access to a service that asks nobody who they are. */
export const localPerson = (address: string): Principal => nobody('local', address);

/** Somebody who has shown nothing. */
export const stranger = (address: string): Principal => nobody('stranger', address);

const nothing = { subject: undefined, roles: [], claims: {} } as const;

const nobody = (kind: 'local' | 'stranger', address: string): Principal => ({
  kind,
  ...nothing,
  share: `address ${address}`,
});

/** The refusal of a caller who has shown nothing. */
export const tokenMissing = () =>
  new CodedError(
    'unauthenticated',
    'token_missing',
    'Say who you are, by the header Authorization: Bearer and a token.',
  );
