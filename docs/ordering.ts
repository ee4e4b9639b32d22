/** The word where it says what comes first, and the words that only hold its letters. */
const ordering = [
  /\bout of order\b/g,
  /\bin (the |the same |their |its |reverse |any )?order\b/gi,
  /\bthe (stream|log)['’]s order\b/g,
  /\b(the|their) order of\b/gi,
  /\border(ed)? by\b/gi,
  /\border within one\b/g,
  /\bdigits, order and all\b/g,
  /\breorder\b/g,
  /recorder\b/gi,
];

/** Whether `text` has the word in another sense: the frame serves systems that have no orders. */
export const namesOrders = (text: string): boolean =>
  /order/i.test(ordering.reduce((left, word) => left.replace(word, ''), text));
