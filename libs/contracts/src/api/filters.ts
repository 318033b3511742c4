/** Query parameters that many collections have, for their contracts. All are texts, as queries are. */
import { Text } from '../text.js';

const text = (about: string) => Text.describe(about);

/** Of objects that have a name and the caller's own key. */
export const namedQuery = {
  name: text('part of the name, in whatever case'),
  description: text('part of the description, in whatever case'),
  external_data_set: text('the whole of it'),
  external_data_reference: text('the whole of it'),
} as const;

export const labelsQuery = {
  labels: text('a JSON list of lists of label hrefs: all of one of the inner lists'),
} as const;

export const portsQuery = {
  'service_ports.port': text('a port that its own ports hold'),
  'service_ports.proto': text('the number of a protocol among its own ports'),
} as const;

export const usageQuery = {
  usage: text('true: each says in `usage` where in policy it is named'),
} as const;
