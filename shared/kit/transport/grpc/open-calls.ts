import type { ServerMethodDefinition } from '@grpc/grpc-js';
import type { GrpcLimits } from './limits.ts';

type Method = Pick<
  ServerMethodDefinition<unknown, unknown>,
  'path' | 'requestStream' | 'responseStream'
>;

/** A call that was let in. */
export interface EnteredCall {
  /** To be called when something comes from its client. Cheap. */
  heard(): void;
  leave(): void;
}

/** The calls that are open, and who may still come. */
export interface OpenCalls {
  /** Whether one more may come; a stream that has been silent for long is ended for it, if need be. */
  makeRoom(method: Method, peer: string): boolean;
  /** @param end ends the call, when its place is wanted */
  enter(method: Method, peer: string, end: () => void): EnteredCall;
  count(): number;
}

interface OpenStream {
  readonly peer: string;
  readonly end: () => void;
  heardAt: number;
}

/**
 * Counts calls, and streams by method and peer: no peer has more than its share of a
 * method's streams, so that the others have theirs. Where all are taken, the stream
 * whose client has sent nothing for longest makes room, if that was long.
 */
export function openCalls(limits: GrpcLimits): OpenCalls {
  const streams = new Map<string, Set<OpenStream>>();
  let open = 0;

  function makeRoom({ path, requestStream, responseStream }: Method, peer: string): boolean {
    if (open >= limits.maxCalls) return false;
    if (!responseStream) return true;
    const same = [...(streams.get(path) ?? [])];
    if (same.filter((stream) => stream.peer === peer).length >= limits.maxStreamsPerPeer) {
      return false;
    }
    if (same.length < limits.maxStreamsPerMethod) return true;
    // Of a client that only reads nothing is heard, however well it is.
    if (!requestStream) return false;
    const [quietest] = same.sort((one, other) => one.heardAt - other.heardAt);
    if (quietest === undefined) return false;
    if (performance.now() - quietest.heardAt < limits.idleStreamMs) return false;
    quietest.end();
    return true;
  }

  return {
    makeRoom,
    enter: ({ path, responseStream }, peer, end) => {
      const stream: OpenStream = { peer, end, heardAt: performance.now() };
      const same = streams.get(path) ?? new Set();
      open++;
      if (responseStream) streams.set(path, same.add(stream));
      return {
        heard: () => {
          stream.heardAt = performance.now();
        },
        leave: () => {
          open--;
          same.delete(stream);
        },
      };
    },
    count: () => open,
  };
}
