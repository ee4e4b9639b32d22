/** What the page's modules import: the types that go over the wire. */
export type * from '../../../shared/contracts/console.ts';
