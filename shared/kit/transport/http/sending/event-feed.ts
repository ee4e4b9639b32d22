import type { ServerResponse } from 'node:http';

/** Where server-sent events go. */
export interface FeedReader {
  /** Sends one event; `data` becomes one line of JSON. Does nothing once the reader is gone. */
  send(event: string, data: unknown): void;
  /** Sends the text of events that others get, too; see `feedText`. */
  sendText(text: string): void;
  /** A line that readers skip: it shows that the connection lives. */
  beat(): void;
  /** Ends the answer: the reader may ask again. */
  end(): void;
  /** Aborted when the reader has left, was dropped, or the server stops. */
  readonly gone: AbortSignal;
}

/**
 * An answer that goes on: server-sent events, until the reader leaves or the server stops.
 * A reader that leaves more than `mostBytes` unread is dropped: it connects again, and what
 * it missed is not kept for it.
 */
export class EventFeed {
  readonly begin: (reader: FeedReader) => void;
  readonly mostBytes: number;

  constructor(begin: (reader: FeedReader) => void, mostBytes = 1024 * 1024) {
    this.begin = begin;
    this.mostBytes = mostBytes;
  }
}

/** One event as it is sent. */
export const feedText = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Headers of a feed: no proxy holds it back. */
export const feedHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no',
} as const;

/** Runs `feed` on `response`, whose head was written, until `response` closes; does nothing if it has. */
export function runFeed(feed: EventFeed, response: ServerResponse): void {
  // Nobody would ever tell the feed that its reader is gone.
  if (response.destroyed) return;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const write = (text: string) => {
    if (gone.signal.aborted || response.writableEnded) return;
    if (response.writableLength + text.length > feed.mostBytes) response.destroy();
    else response.write(text);
  };
  // The head goes at once: the first event may come late.
  response.flushHeaders();
  feed.begin({
    send: (event, data) => write(feedText(event, data)),
    sendText: write,
    beat: () => write(':\n\n'),
    end: () => response.end(),
    gone: gone.signal,
  });
}
