/** A pure file, and the specs that should notice each change to it. */
export interface Subject {
  readonly file: string;
  readonly specs: readonly string[];
}

const beside = (file: string): Subject => ({
  file,
  specs: [file.replace(/[.]ts$/, '.unit.spec.ts')],
});

/** The files that `make mutants` changes, with the specs beside them. */
export const subjects: readonly Subject[] = [
  beside('shared/domain/charging.ts'),
  beside('shared/money/money.ts'),
  beside('shared/domain/order.ts'),
  beside('shared/kit/errors.ts'),
  beside('shared/kit/in-one-line.ts'),
  beside('shared/kit/process/degraded.ts'),
  beside('shared/kit/transport/jetstream/messages/retry-delay.ts'),
  beside('shared/process-manager/deadline-rules.ts'),
  beside('shared/process-manager/step.ts'),
  beside('shared/process-manager/waits/waits.ts'),
  beside('services/sagacoordinator/saga/saga.ts'),
  beside('services/sagacoordinator/saga/standing.ts'),
  beside('services/reviewworker/review-policy.ts'),
  beside('services/eventstoresvc/relay/verdict.ts'),
  beside('services/eventstoresvc/log/classify.ts'),
  beside('services/eventstoresvc/log/optimistic.ts'),
  beside('services/eventstoresvc/log/event-rules.ts'),
  beside('services/eventstoresvc/request-rules.ts'),
  beside('services/eventstoresvc/log/waiting.ts'),
  beside('services/querymodelworker/table/order-row.ts'),
  beside('services/querymodelworker/table/batch.ts'),
  beside('shared/kit/shown.ts'),
  beside('cli/duration.ts'),
  beside('shared/story/compensation.ts'),
  beside('shared/story/happenings.ts'),
];
