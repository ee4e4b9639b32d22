/**
 * The life of an aggregate as pure functions, after Emmett's decider. Nothing in
 * one reads a clock, makes an id or waits.
 */
export interface Decider<State, Command, Event> {
  /** The state before the first event. */
  readonly initialState: State;
  /** What `command` leads to in `state`. */
  readonly decide: (command: Command, state: State) => Decision<Event>;
  /** The state after `event`. Total: what is in the log has happened, whatever the state. */
  readonly evolve: (state: State, event: Event) => State;
}

/** Events to append (none: already so), or a refusal with a stable code. */
export type Decision<Event> =
  | { readonly accepted: true; readonly events: readonly Event[] }
  | { readonly accepted: false; readonly code: string; readonly message: string };
