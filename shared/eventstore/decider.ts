/**
 * The life of an aggregate as pure functions, after Emmett's decider: they read no clock,
 * create no ids and do not wait.
 */
export interface Decider<State, Command, Event> {
  /** The state before the first event. */
  readonly initialState: State;
  /** The result of `command` in `state`. */
  readonly decide: (command: Command, state: State) => Decision<Event>;
  /** The state after `event`. Total: what is in the log has happened, whatever the state. */
  readonly evolve: (state: State, event: Event) => State;
}

/** Events to append (none: already so), or a refusal with a stable code. */
export type Decision<Event> =
  | { readonly accepted: true; readonly events: readonly Event[] }
  | { readonly accepted: false; readonly code: string; readonly message: string };
