/** What a run found, and what makes its figures worth nothing. */
import type { CaughtUp } from './catching-up.ts';

/** One step; `load` is the machine's load average of a minute at its end. */
export interface Step {
  readonly name: string;
  readonly seconds: number;
  /** Events that it read or wrote, if it was about all of them. */
  readonly events?: number;
  /** Of ordersctl, where it was what worked. */
  readonly peakMb?: number;
  readonly load: number;
}

export interface RestoreReport {
  /** Begun, ISO 8601. */
  readonly at: string;
  readonly cpus: number;
  readonly durability: string;
  readonly placed: number;
  readonly copies: number;
  readonly events: number;
  readonly lines: number;
  /** Of the file that was restored. */
  readonly bytes: number;
  readonly steps: readonly Step[];
  /** In seconds from the start of the services. */
  readonly caughtUp: CaughtUp;
  /** The same until the audit had been found right; undefined: it was not. */
  readonly auditRight: number | undefined;
  readonly rebuildPerSecond: number;
  /** The part of the machine, 0 to 1, that others used during the whole run. */
  readonly others: number;
  /** For people, a line each; the figures count only without any. */
  readonly shortcomings: readonly string[];
}

/** What the steps found; codes are exit codes of `ordersctl`. */
export interface Found {
  readonly caughtUp: CaughtUp;
  readonly auditCodes: { readonly atStart: number; readonly afterRebuild: number };
  readonly rebuilt: { readonly code: number; readonly wrongRows: number };
  /** What was restored, and what a backup of the restored system has. */
  readonly content: { readonly restored: string; readonly backedUp: string | undefined };
}

export function shortcomings({ caughtUp, auditCodes, rebuilt, content }: Found): readonly string[] {
  return [
    ...Object.entries(caughtUp).flatMap(([name, seconds]) =>
      seconds === undefined ? [`the ${name} never had the whole log`] : [],
    ),
    ...(auditCodes.atStart === 0
      ? []
      : [`the audit of the restored system ended with exit code ${auditCodes.atStart}`]),
    ...(rebuilt.code === 0 ? [] : [`the rebuild ended with exit code ${rebuilt.code}`]),
    ...(rebuilt.wrongRows === 0
      ? []
      : [`the rebuild found ${rebuilt.wrongRows} rows of the read model wrong`]),
    ...(auditCodes.afterRebuild === 0
      ? []
      : [`the audit after the rebuild ended with exit code ${auditCodes.afterRebuild}`]),
    ...(content.backedUp === content.restored
      ? []
      : [
          `a backup of the restored system has the content ${content.backedUp}, restored was ${content.restored}`,
        ]),
  ];
}
