/** Which objects a list shows: the filters of the query. Names match in part, external references as a whole; unknown parameters do nothing. */
import type { PortRange } from '@ringfence/contracts';
import { CidrSet, canonicalAddress, cidrsOf } from '@ringfence/policy-engine';
import { invalid } from '@ringfence/resources';
import type { PolicyObject } from '../../domain/policy-object.js';

export type Query = Readonly<Record<string, string>>;
type Matches = (object: PolicyObject, value: string) => boolean;

const contains = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());
const numberOf = (name: string, value: string): number => {
  const number = Number(value);
  if (!Number.isInteger(number)) throw invalid(`${name}: "${value}" is no number`);
  return number;
};

/** A parameter that does not belong to the type of object matches everything: it is unknown there. */
const FILTERS: Readonly<Record<string, Matches>> = {
  name: (object, value) => contains(object.name, value),
  description: (object, value) => !('description' in object) || contains(object.description, value),
  key: (object, value) => !('key' in object) || object.key === value,
  fqdn: (object, value) => !('fqdns' in object) || object.fqdns.some((entry) => contains(entry.fqdn, value)),
  ip_address: (object, value) => !('ranges' in object) || holdsAddress(object, value),
  port: (object, value) =>
    !('ports' in object) || object.ports.some((range) => onPort(range, numberOf('port', value))),
  proto: (object, value) =>
    !('ports' in object) || object.ports.some((range) => range.proto === numberOf('proto', value)),
  labels: (object, value) => !('scopes' in object) || inScope(object, value),
  external_data_set: (object, value) => object.extras?.['external_data_set'] === value,
  external_data_reference: (object, value) => object.extras?.['external_data_reference'] === value,
};

export function isListed(object: PolicyObject, query: Query): boolean {
  return Object.entries(query).every(([name, value]) => FILTERS[name]?.(object, value) ?? true);
}

function holdsAddress(list: PolicyObject<'ip_lists'>, address: string): boolean {
  if (canonicalAddress(address) === null) throw invalid(`ip_address: "${address}" is no address`);
  return new CidrSet(cidrsOf(list.ranges)).contains(address);
}

const onPort = ({ from, to }: PortRange, port: number): boolean =>
  from !== undefined && port >= from && port <= (to ?? from);

/** A JSON list of lists of label hrefs: one of the scopes names all labels of one of the inner lists. */
function inScope(ruleSet: PolicyObject<'rule_sets'>, value: string): boolean {
  const wanted = labelLists(value);
  return wanted.some((labels) =>
    (ruleSet.scopes.length === 0 ? [[]] : ruleSet.scopes).some((scope) =>
      labels.every((label) => scope.some((entry) => entry.kind === 'label' && entry.id === label)),
    ),
  );
}

function labelLists(value: string): string[][] {
  try {
    const lists = JSON.parse(value) as string[][];
    return lists.map((list) => list.map((href) => href.split('/').at(-1) ?? ''));
  } catch (error) {
    throw invalid(`labels: must be a JSON list of lists of label hrefs (${(error as Error).message})`);
  }
}

const DEFAULT_RESULTS = 500;
/** 0 asks for the count alone. */
export function maxResults(query: Query): number {
  const given = query['max_results'];
  if (given === undefined) return DEFAULT_RESULTS;
  const limit = numberOf('max_results', given);
  if (limit < 0) throw invalid('max_results: must not be below 0');
  return limit;
}
