import type { IncomingMessage } from 'node:http';
import { CodedError } from '../../../errors.ts';
import { isLoopback } from '../../../process/address/loopback.ts';

/**
 * Why a request to a server on loopback was not meant for it by a person of this machine:
 * a web page sent it from their browser, or reached us by a name of its own that leads
 * here (DNS rebinding). CodedError `misdirected` (code `misdirected_request`) if Host is
 * not this machine and this port; `forbidden` (code `foreign_origin`) if a page of
 * another origin sent it. Undefined for programs, which say nothing of pages, and for
 * pages of this server itself. Call it after `headFault`, which sees to it that there is
 * one valid Host.
 */
export function foreignPage({ headers, socket }: IncomingMessage): CodedError | undefined {
  const { host = '', origin } = headers;
  // HTTP/1.0 may name no host; browsers always do.
  if (host !== '' && !isOwn(host, socket.localPort)) return misdirected();
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return foreign();
  }
  const site = headers['sec-fetch-site'];
  // `none`: the person typed the address. `same-site` is another port of this machine.
  return site === undefined || site === 'same-origin' || site === 'none' ? undefined : foreign();
}

/** Callers name us the same way again and again, and reading a name costs more than all else here. */
let known: { readonly host: string; readonly port: number | undefined } | undefined;

/** Browsers name every port but 80; a program that names none means the one it connected to. */
function isOwn(host: string, ownPort: number | undefined): boolean {
  if (known?.host === host && known.port === ownPort) return true;
  const own = isLoopbackName(host, ownPort);
  if (own) known = { host, port: ownPort };
  return own;
}

function isLoopbackName(host: string, ownPort: number | undefined): boolean {
  const [, name = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(host) ?? [];
  return isLoopback(name) && (port === '' || Number(port) === ownPort);
}

const misdirected = () =>
  new CodedError(
    'misdirected',
    'misdirected_request',
    'This service answers only at localhost or a loopback address, with its own port.',
  );

const foreign = () =>
  new CodedError(
    'forbidden',
    'foreign_origin',
    'A web page of another origin sent this request; only programs and this origin may.',
  );
