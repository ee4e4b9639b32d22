import assert from 'node:assert/strict';
import { z } from 'zod';
import { type HttpResponse, route } from '../route.ts';
import { answer, json, problem } from './bodies.ts';
import { describedRoutes } from './document.ts';
import type { Operation, Parameter } from './operation.ts';
import { kitRefusals } from './refusals.ts';

const room = z.object({ name: z.string() }).meta({ id: 'Room', example: { name: 'Blue' } });
const rooms = z.object({ rooms: z.array(room) }).meta({ id: 'Rooms' });
const parameter = (name: string, place: Parameter['in']): Parameter => ({
  name,
  in: place,
  schema: z.string().max(9),
});
const roomId = parameter('id', 'path');
const trace = parameter('trace', 'header');
const named = { parameters: { roomId }, responses: kitRefusals };

const served = (
  method: 'GET' | 'POST',
  path: string,
  operation?: Pick<Operation, 'responses'> & Partial<Operation>,
  query: readonly Parameter[] = [],
) =>
  route({
    method,
    path,
    query,
    decode: () => undefined,
    endpoint: async () => undefined,
    encode: (): HttpResponse => ({ status: 204 }),
    ...(operation && {
      operation: { operationId: 'some', summary: '', description: '', tags: [], ...operation },
    }),
  });

const one = served('GET', '/rooms/:id', {
  parameters: [roomId, trace],
  responses: {
    200: answer({ description: 'The room.', content: json(room) }),
    404: problem(404, { description: 'There is none.', codes: ['no_room'] }),
  },
});
const all = served(
  'GET',
  '/rooms',
  { responses: { 200: answer({ description: 'All.', content: json(rooms) }) } },
  [parameter('floor', 'query')],
);
const add = served('POST', '/rooms', {
  parameters: [trace],
  requestBody: { required: true, content: json(room) },
  responses: { 422: problem(422, { description: 'No.', codes: ['full'] }) },
});

/** As it is written: what is undefined is not there. */
// biome-ignore lint/suspicious/noExplicitAny: it is looked into at will
const described = (...routes: Parameters<typeof describedRoutes>[0]): any =>
  JSON.parse(JSON.stringify(describedRoutes(routes, named)));

describe('the OpenAPI document of routes', () => {
  it('has each route under its method and path, and leaves out those that tell nothing', () => {
    const { paths } = described(one, all, add, served('GET', '/hidden'));
    assert.deepEqual(
      Object.entries(paths).map(([path, item]) => [path, Object.keys(item as object)]),
      [
        ['/rooms/{id}', ['parameters', 'get']],
        ['/rooms', ['get', 'post']],
      ],
    );
  });

  it("tells the parameters of the path at the path, and the query's before the headers", () => {
    const { paths } = described(one, all);
    assert.deepEqual(paths['/rooms/{id}'].parameters, [{ $ref: '#/components/parameters/roomId' }]);
    const header = { name: 'trace', in: 'header', schema: { type: 'string', maxLength: 9 } };
    assert.deepEqual(paths['/rooms/{id}'].get.parameters, [header]);
    assert.deepEqual(paths['/rooms'].get.parameters, [{ ...header, name: 'floor', in: 'query' }]);
    assert.equal(
      'parameters' in described(served('GET', '/', { responses: {} })).paths['/'].get,
      false,
    );
  });

  it('refers to a schema by its name wherever it occurs, and shows its example beside', () => {
    const { paths, components } = described(one, all, add);
    const content = {
      'application/json': {
        schema: { $ref: '#/components/schemas/Room' },
        example: { name: 'Blue' },
      },
    };
    assert.deepEqual(paths['/rooms/{id}'].get.responses[200].content, content);
    assert.deepEqual(paths['/rooms'].post.requestBody.content, content);
    assert.deepEqual(components.schemas.Room, {
      type: 'object',
      properties: { name: { type: 'string' } },
      required: ['name'],
    });
    assert.deepEqual(components.schemas.Rooms.properties.rooms.items, {
      $ref: '#/components/schemas/Room',
    });
    assert.deepEqual(Object.keys(components.schemas), ['Room', 'Problem', 'Rooms']);
  });

  it('tells of every route what the kit refuses, unless the route says it better', () => {
    const { paths, components } = described(one, add);
    const always = ['400', '403', '408', '413', '417', '421', '422', '431', '500'];
    const read = paths['/rooms/{id}'].get.responses;
    assert.deepEqual(Object.keys(read), [...always, '200', '404'].sort());
    assert.deepEqual(read[400], { $ref: '#/components/responses/MalformedRequest' });
    assert.equal(
      components.responses.MalformedRequest.description,
      kitRefusals.MalformedRequest.description,
    );
    const codes = (response: {
      content: Record<
        string,
        { schema: { allOf: { properties: { code: { enum: string[] } } }[] } }
      >;
    }) => response.content['application/problem+json']?.schema.allOf[1]?.properties.code.enum;
    assert.deepEqual(codes(read[422]), ['invalid_query']);
    const written = paths['/rooms'].post.responses;
    assert.deepEqual(Object.keys(written), [...always, '415'].sort());
    assert.deepEqual(codes(written[422]), ['full']);
    assert.deepEqual(codes(written[400]), ['malformed_json', 'malformed_request']);
  });

  it('has the named parts of a schema, though no route mentions them', () => {
    const { schemas } = described(all).components;
    assert.deepEqual(Object.keys(schemas).sort(), ['Problem', 'Room', 'Rooms']);
    const bare = served('GET', '/bare', {
      responses: { 200: answer({ description: '', content: json(z.array(room)) }) },
    });
    assert.throws(() => described(bare), /made of Room needs a name/);
  });

  it('does not take two schemas for one', () => {
    const other = z.object({ number: z.number() }).meta({ id: 'Room' });
    const twin = served('GET', '/twin', {
      responses: { 200: answer({ description: '', content: json(other) }) },
    });
    assert.throws(() => described(one, twin), /Room/);
  });
});
