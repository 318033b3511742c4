/** What the server says of a body, in the words of the file that the body was made of. */
import { Failure } from './failure.js';

const FILE_WORDS: Readonly<Record<string, string>> = {
  unscoped_consumers: 'extra_scope',
  consumers: 'from',
  providers: 'to',
  ingress_services: 'on',
  service_ports: 'ports',
  ip_ranges: 'ranges',
  from_ip: 'range',
  to_ip: 'range',
  sub_groups: 'groups',
};
const API_WORDS = new RegExp(`\\b(${Object.keys(FILE_WORDS).join('|')})\\b`, 'g');

/** `what`: the object of the file that it is about. Anything but a refusal stays as it is. */
export function inFileWords(error: unknown, what: string): unknown {
  if (!(error instanceof Failure)) return error;
  const message = error.message.replaceAll(API_WORDS, (word) => FILE_WORDS[word] ?? word);
  return new Failure(error.exitCode, `${what}: ${message}`, { cause: error });
}

/** For a promise that is refused. */
export const inWordsOf =
  (kind: string, name: string) =>
  (cause: unknown): never => {
    throw inFileWords(cause, `${kind} "${name}"`);
  };
