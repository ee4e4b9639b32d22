import type { ServerMethodDefinition } from '@grpc/grpc-js';
import type { GrpcLimits } from './limits.ts';

type Method = Pick<
  ServerMethodDefinition<unknown, unknown>,
  'path' | 'requestStream' | 'responseStream'
>;

/** An admitted call. */
export interface EnteredCall {
  /** Call it when its client sends something. Cheap. */
  heard(): void;
  leave(): void;
}

/** The open calls, and whether more may come. */
export interface OpenCalls {
  /** Whether one more may come; if needed, ends a stream that has been silent for long. */
  makeRoom(method: Method, peer: string): boolean;
  /** @param end ends the call if its place is needed */
  enter(method: Method, peer: string, end: () => void): EnteredCall;
  count(): number;
}

interface OpenStream {
  readonly peer: string;
  readonly end: () => void;
  heardAt: number;
}

/**
 * Counts calls, and streams by method and peer: no peer gets more than its share of a
 * method's streams. When all are taken, the stream whose client has been silent for
 * longest makes room, if that was long enough.
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
    // A client that only reads sends nothing, however healthy it is.
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
