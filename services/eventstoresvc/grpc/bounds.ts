/**
 * Limits a request's elements before it is decoded. An element of a repeated field
 * takes two bytes on the wire and over a hundred as an object: a message of 4 MB,
 * well within gRPC's limit, once crashed the process.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { CodedError } from '../../../shared/kit/errors.ts';

/** Elements of all repeated fields in one message: forty batches of our own client. */
export const MAX_ELEMENTS = 100_000;

/** An element has at least a tag and a length, so shorter messages need no count. */
const MIN_ELEMENT_BYTES = 2;

/** A message's repeated fields, by number, and the nested messages to count in. */
interface Shape {
  readonly [field: number]: {
    readonly repeated: boolean;
    /** Packed numbers: many in one field, each of a byte or more. */
    readonly packed?: boolean;
    readonly within: Shape;
  };
}

const event: Shape = { 10: { repeated: true, within: {} } };
const append: Shape = { 2: { repeated: true, within: event } };
const reading: Shape = {
  5: { repeated: true, within: {} },
  9: { repeated: true, packed: true, within: {} },
};
const shapes: Readonly<Record<string, Shape>> = {
  createEvent: { 1: { repeated: false, within: event } },
  appendEvents: { 1: { repeated: true, within: append } },
  getEvents: reading,
  getAggregates: { 1: { repeated: true, within: {} } },
  getEventsStream: reading,
  getEventsBatches: reading,
  giveUpEvents: { 3: { repeated: true, within: event } },
  listDeadLetters: { 5: { repeated: true, within: {} } },
};

/** `definition` with requests counted before they are decoded. Above the limit decoding throws CodedError `too_many_elements`. */
export function bounded<Definition extends ServiceDefinition>(definition: Definition): Definition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const shape = shapes[name];
    if (shape === undefined) return [name, method];
    const requestDeserialize = (bytes: Buffer) => {
      checkElements(bytes, shape);
      return method.requestDeserialize(bytes);
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods);
}

function checkElements(bytes: Buffer, shape: Shape): void {
  if (bytes.length < MAX_ELEMENTS * MIN_ELEMENT_BYTES) return;
  if (count(new BinaryReader(bytes), bytes.length, shape) <= MAX_ELEMENTS) return;
  throw new CodedError(
    'too_large',
    'too_many_elements',
    `The message has more than ${MAX_ELEMENTS} elements; send fewer at once.`,
  );
}

/** Counts elements up to `end` and stops above the limit. Throws if the bytes are not a message. */
function count(reader: BinaryReader, end: number, shape: Shape): number {
  let elements = 0;
  while (reader.pos < end && elements <= MAX_ELEMENTS) {
    const [number, type] = reader.tag();
    const field = type === 2 ? shape[number] : undefined;
    if (field === undefined) {
      // A number of a packed field may also come unpacked.
      if (shape[number]?.packed) elements++;
      reader.skip(type, number);
      continue;
    }
    const length = reader.uint32();
    const after = reader.pos + length;
    if (field.packed) {
      // Upper bound: one byte each. No real request is large enough for this to matter.
      elements += length;
      reader.pos = after;
      continue;
    }
    if (field.repeated) elements++;
    elements += count(reader, after, field.within);
    reader.pos = after;
  }
  return elements;
}
