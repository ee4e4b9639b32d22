/**
 * An error and its causes as one line for people: what went wrong, and why. Messages are
 * complete; one that another message ends with is left out, because a network error is
 * its own cause.
 */
export function inOneLine(error: unknown): string {
  const parts: string[] = [];
  let links = 0;
  const add = (text: string) => {
    const before = parts.at(-1);
    if (before?.endsWith(text)) return;
    if (before !== undefined && text.endsWith(before)) parts.pop();
    parts.push(text);
  };
  // Real chains have fewer than eight links; the limit stops a cycle.
  for (let link = error; link !== undefined && links < 8; links += 1) {
    if (!(link instanceof Error)) {
      add(String(link));
      break;
    }
    // A connection refused on every address of a name is an AggregateError without a message.
    const cause: unknown = link instanceof AggregateError ? link.errors[0] : link.cause;
    if (link.message !== '') add(link.message);
    else if (cause === undefined) add(link.name);
    link = cause;
  }
  return parts.join(': ').replace(/\s*\n\s*/g, ' ');
}
