import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MAX_ITEMS, MAX_QUANTITY } from '../../../shared/contracts/http.ts';
import { charging } from '../../../shared/domain/charging.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import { parseJson } from '../../../shared/kit/transport/http/json.ts';
import { currencies } from '../../../shared/money/currency.ts';
import { decimalText, MAX_AMOUNT, minor } from '../../../shared/money/money.ts';
import { currency, usd } from '../../../shared/testing/test-currency.ts';
import { orderRequestReader } from './order-body.ts';

const readOrder = orderRequestReader(usd);
const read = (json: string, key?: string) =>
  readOrder(parseJson(json), key === undefined ? [] : [key]);

const line = '{"code":"P1","name":"Pizza","unit_price":12.50,"quantity":2}';
const order = (items: string, more = '') =>
  `{"customer_id":"c1","restaurant_id":"r1","order_items":${items}${more}}`;
const lineWith = (field: string, value: string) =>
  JSON.stringify({ code: 'P1', name: 'Pizza', unit_price: 1, quantity: 1 }).replace(
    new RegExp(`"${field}":("[^"]*"|\\d+)`),
    `"${field}":${value}`,
  );

/** The problems that a body is refused with, as `field: message`. */
function problems(json: string, key?: string): string[] {
  try {
    read(json, key);
  } catch (error) {
    assert.ok(error instanceof CodedError, String(error));
    assert.equal(error.kind, 'invalid');
    assert.equal(error.code, 'invalid_order');
    return error.problems.map(({ field, message }) => `${field}: ${message}`);
  }
  return [];
}
const fields = (json: string, key?: string) =>
  problems(json, key).map((problem) => problem.split(':')[0]);

describe('an order request', () => {
  it('is read with its amount computed from the items', () => {
    assert.deepEqual(
      read(order(`[${line},{"code":"D","name":"Dip","unit_price":0.1,"quantity":3}]`), 'k'),
      {
        customerId: 'c1',
        restaurantId: 'r1',
        items: [
          { code: 'P1', name: 'Pizza', unitPrice: 1250, quantity: 2 },
          { code: 'D', name: 'Dip', unitPrice: 10, quantity: 3 },
        ],
        amount: 2530,
        idempotencyKey: 'k',
      },
    );
  });

  it('what the client says of amount and status is not looked at', () => {
    const request = read(order(`[${line}]`, ',"amount":0.01,"status":"Approved","order_id":"x"'));
    assert.equal(request.amount, 2500);
    assert.deepEqual(Object.keys(request).sort(), [
      'amount',
      'customerId',
      'idempotencyKey',
      'items',
      'restaurantId',
    ]);
  });

  it('says every problem at once, each with the path of its field', () => {
    const body = `{"customer_id":"","restaurant_id":7,"order_items":[
      {"code":"a\\u0007","name":"  ","unit_price":"1","quantity":0},
      {"unit_price":1.005,"quantity":1.5},
      ${line}]}`;
    assert.deepEqual(problems(body, ' '), [
      'customer_id: must be 1 to 200 printable characters, not all blank',
      'restaurant_id: must be text',
      'order_items[0].code: must be 1 to 200 printable characters, not all blank',
      'order_items[0].name: must be 1 to 200 printable characters, not all blank',
      'order_items[0].unit_price: must be a number',
      `order_items[0].quantity: must be a whole number from 1 to ${MAX_QUANTITY}`,
      'order_items[1].code: is missing',
      'order_items[1].name: is missing',
      'order_items[1].unit_price: must be an amount from 0 with at most 2 decimals',
      `order_items[1].quantity: must be a whole number from 1 to ${MAX_QUANTITY}`,
      'Idempotency-Key: must be 1 to 255 printable characters, not all blank',
    ]);
  });

  it('missing fields are called missing', () => {
    assert.deepEqual(problems('{}'), [
      'customer_id: is missing',
      'restaurant_id: is missing',
      'order_items: is missing',
    ]);
    assert.deepEqual(problems(order('[{}]')), [
      'order_items[0].code: is missing',
      'order_items[0].name: is missing',
      'order_items[0].unit_price: is missing',
      'order_items[0].quantity: is missing',
    ]);
  });

  it('a body that is no object is refused as a whole, and so is an item', () => {
    for (const json of ['5', '"text"', 'null', '[]', 'true']) {
      assert.deepEqual(problems(json), ['body: must be an object'], json);
      assert.deepEqual(problems(order(`[${json}]`)), ['order_items[0]: must be an object'], json);
    }
    assert.deepEqual(problems(order('5')), ['order_items: must be a list']);
    assert.deepEqual(problems(order('{}')), ['order_items: must be a list']);
  });

  it('an object that looks like a parsed number is none', () => {
    assert.deepEqual(problems(order(`[${lineWith('quantity', '{"text":"1"}')}]`)), [
      'order_items[0].quantity: must be a number',
    ]);
  });

  it('has at least one item and at most a hundred, and a million are refused quickly', () => {
    assert.deepEqual(problems(order('[]')), ['order_items: must have at least one item']);
    const many = (n: number) => order(`[${Array(n).fill(line).join(',')}]`);
    assert.deepEqual(problems(many(MAX_ITEMS)), []);
    assert.deepEqual(problems(many(MAX_ITEMS + 1)), [
      `order_items: must have at most ${MAX_ITEMS} items`,
    ]);
    assert.ok(fields(order(`[${Array(100_000).fill('1').join(',')}]`)).length <= MAX_ITEMS + 2);
  });

  it('a price has at most the decimals of the currency, as written', () => {
    const price = (text: string) => problems(order(`[${lineWith('unit_price', text)}]`));
    for (const text of ['0', '0.50', '12.5000', '1.25e1', '1e3']) {
      assert.deepEqual(price(text), [], text);
    }
    // The second is 0.1 to a JavaScript number.
    for (const text of ['0.001', '0.1000000000000000055', '-1', '-0', '1e30', '12.345']) {
      assert.equal(price(text).length, 1, text);
    }
  });

  it('a quantity is a whole number from 1, as written', () => {
    const quantity = (text: string) => problems(order(`[${lineWith('quantity', text)}]`));
    for (const text of ['1', '2.0', '1e3', String(MAX_QUANTITY)]) {
      assert.deepEqual(quantity(text), [], text);
    }
    for (const text of ['0', '-1', '1.5', '1.0000000000000000001', '9007199254740993', '1e400']) {
      assert.equal(quantity(text).length, 1, text);
    }
  });

  it('never costs more than the maximum together', () => {
    const most = decimalText(MAX_AMOUNT, 2);
    const priced = (price: string, quantity: number) =>
      `{"code":"a","name":"b","unit_price":${price},"quantity":${quantity}}`;
    assert.equal(read(order(`[${priced(most, 1)}]`)).amount, MAX_AMOUNT);
    const message = 'order_items: must not cost more than 10000000000 in total';
    assert.deepEqual(problems(order(`[${priced(most, 1)},${priced('0.01', 1)}]`)), [message]);
    assert.deepEqual(problems(order(`[${priced(most, MAX_QUANTITY)}]`)), [message]);
  });

  it('ids are 1 to 200 printable characters, counted as people count', () => {
    const customer = (id: string) =>
      problems(`{"customer_id":${id},"restaurant_id":"r","order_items":[${line}]}`);
    for (const id of ['x', 'x'.repeat(200), '🍕'.repeat(200), 'Ünïcode 客 1', ' a ']) {
      assert.deepEqual(customer(JSON.stringify(id)), [], id);
    }
    const invisible = [
      '\\n',
      'a\\r',
      '\\u0000',
      '\\u007f',
      '\\u200b',
      '\\u202e',
      '\\ud800',
      '\\u2028',
    ];
    for (const id of ['', ' ', '\\u00a0', 'x'.repeat(201), ...invisible]) {
      assert.equal(customer(`"${id}"`).length, 1, JSON.stringify(id));
    }
  });

  it('a name may join its characters, as families of emoji do', () => {
    assert.deepEqual(problems(order(`[${lineWith('name', '"👨‍👩‍👧 menu"')}]`)), []);
  });

  it('a key has at most 255 characters', () => {
    assert.deepEqual(problems(order(`[${line}]`), 'k'.repeat(255)), []);
    assert.deepEqual(fields(order(`[${line}]`), 'k'.repeat(256)), ['Idempotency-Key']);
    assert.deepEqual(fields(order(`[${line}]`), ''), ['Idempotency-Key']);
  });

  it('a key is sent once and shows whole', () => {
    const keyed = (...keys: string[]) => readOrder(parseJson(order(`[${line}]`)), keys);
    assert.throws(() => keyed('a', 'b'), /is not valid/);
    assert.throws(() => keyed('a', 'a'), /is not valid/);
    for (const key of ['a\tb', 'a\u0000', 'a\u0085']) {
      assert.deepEqual(fields(order(`[${line}]`), key), ['Idempotency-Key'], JSON.stringify(key));
    }
    assert.equal(keyed('a, b').idempotencyKey, 'a, b');
  });

  it('every valid order is read exactly, for every currency', () => {
    const item = fc.record({
      code: fc
        .string({ minLength: 1, maxLength: 20 })
        .map((text) => `c${text.replace(/[^\w]/g, '')}`),
      unitPrice: fc.integer({ min: 0, max: 1_000_000 }),
      quantity: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 10 }),
        fc.constantFrom(...currencies),
        (some, one) => {
          const { step, least } = charging(one);
          // What can be charged: in whole steps, and enough of it.
          const enough = { code: 'more', unitPrice: Math.ceil(least / step), quantity: 1 };
          const items = [...some, enough].map((line) => ({
            ...line,
            unitPrice: line.unitPrice * step,
          }));
          const { decimals } = one;
          const json = items.map(
            ({ code, unitPrice, quantity }) =>
              `{"code":"${code}","name":"n","quantity":${quantity},"unit_price":${decimalText(minor(unitPrice), decimals)}}`,
          );
          const request = orderRequestReader(one)(
            parseJson(order(`[${json.join(',')}]`)),
            undefined,
          );
          assert.deepEqual(
            request.items,
            items.map((one) => ({ ...one, name: 'n' })),
          );
          assert.equal(
            request.amount,
            items.reduce((sum, one) => sum + one.unitPrice * one.quantity, 0),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('what no gateway could charge is refused: a price between two steps, and a sum below the least', () => {
    const problems = (code: string, price: string, quantity = 1) => {
      try {
        const line = `{"code":"A","name":"n","quantity":${quantity},"unit_price":${price}}`;
        orderRequestReader(currency(code))(parseJson(order(`[${line}]`)));
        return [];
      } catch (error) {
        const { code: named, problems = [] } = codedError(error);
        assert.equal(named, 'invalid_order');
        return problems.map(({ field, message }) => `${field}: ${message}`);
      }
    };
    assert.deepEqual(problems('KWD', '5.124'), [
      'order_items[0].unit_price: must be a multiple of 0.010: other amounts cannot be charged in KWD',
    ]);
    assert.deepEqual(
      problems('MGA', '4990.50').length,
      1,
      'ariary are whole, whatever ISO 4217 says',
    );
    assert.deepEqual(problems('USD', '0.49'), [
      'order_items: must cost at least 0.50 in total, or nothing: less cannot be charged',
    ]);
    for (const [code, price, quantity] of [
      ['USD', '0.25', 2],
      ['USD', '0', 1],
      ['KWD', '5.120', 1],
      ['HUF', '4990', 1],
      ['JPY', '50', 1],
      ['ISK', '1', 1],
      ['IQD', '0.001', 1],
    ] as const) {
      assert.deepEqual(problems(code, price, quantity), [], `${price} ${code}`);
    }
  });

  it('whatever JSON comes, it is read or refused with a code', () => {
    fc.assert(
      fc.property(fc.json(), fc.option(fc.string(), { nil: undefined }), (json, key) => {
        for (const body of [json, order(json), order(`[${json}]`)]) {
          assert.notEqual(problems(body, key).length, 0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
