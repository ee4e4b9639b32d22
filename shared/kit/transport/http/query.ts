import { CodedError, type Problem } from '../../errors.ts';
import { shown } from '../../shown.ts';

/** How many unknown parameters are named, at most. */
const MAX_NAMED = 16;
const MAX_NAME = 64;

/** A problem for each parameter of a query that is not `known`, with its name. */
function unknownParameters(query: URLSearchParams, known: readonly string[]): Problem[] {
  if (query.size === 0) return [];
  const unknown = new Set([...query.keys()].filter((name) => !known.includes(name)));
  const message =
    known.length === 0
      ? 'is not known here; this address has no parameters'
      : `is not known here; use ${known.join(', ')}`;
  return [...unknown].slice(0, MAX_NAMED).map((name) => ({
    field: shown([...name].slice(0, MAX_NAME).join('')),
    message,
  }));
}

/** A `decode` that also refuses parameters that are not `known`, in one answer with all other problems of the query. */
export function refusingOthers<Http extends { readonly query: URLSearchParams }, Request>(
  known: readonly string[],
  decode: (http: Http) => Request,
): (http: Http) => Request {
  return (http) => {
    const unknown = unknownParameters(http.query, known);
    if (unknown.length === 0) return decode(http);
    const refused = (problems: readonly Problem[]) =>
      new CodedError(
        'invalid',
        'invalid_query',
        'The address has parameters that are not known here.',
        { problems },
      );
    try {
      decode(http);
    } catch (error) {
      if (error instanceof CodedError && error.code === 'invalid_query') {
        throw refused([...error.problems, ...unknown]);
      }
    }
    throw refused(unknown);
  };
}
