/** An error and its causes as one line for people: what went wrong, and why. */
export function inOneLine(error: unknown): string {
  const parts: string[] = [];
  // Eight links are more than any real chain has; a cycle must not hang us.
  for (let link = error; link !== undefined && parts.length < 8; ) {
    if (!(link instanceof Error)) {
      parts.push(String(link));
      break;
    }
    // A connection refused on every address of a name is an AggregateError without a message.
    const cause: unknown = link instanceof AggregateError ? link.errors[0] : link.cause;
    if (link.message !== '') parts.push(link.message);
    else if (cause === undefined) parts.push(link.name);
    link = cause;
  }
  return parts.join(': ').replace(/\s*\n\s*/g, ' ');
}
