/**
 * An example of whatever a schema describes: the one that it carries (`examples.ts`), else one made of what its fields are called.
 * The spec holds every one of them against its schema.
 */
import { idForm } from '../id-forms.js';
import type { Json } from './json.js';

type Schemas = Readonly<Record<string, Json>>;

/** What a field of this name holds, wherever it is. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  name: 'shop',
  description: '',
  key: 'app',
  value: 'shop',
  namespace: 'shop',
  node: 'node-1',
  hostname: 'node-1',
  pce_fqdn: 'ringfence.example',
  fqdn: '*.example.com',
  ip: '10.0.0.7',
  address: '10.0.0.7',
  ip_address: '10.0.0.7',
  from_ip: '10.0.0.0/8',
  port: 443,
  proto: 6,
  deleted: false,
  exclusion: false,
  override: false,
  sec_connect: false,
  machine_auth: false,
  stateless: false,
  unscoped_consumers: false,
  token: 'input_validation_error',
  message: 'name: must not be empty',
  username: 'api_1a2b3c4d5e6f',
  auth_username: 'api_1a2b3c4d5e6f',
  version: '25.2.10',
  public_ip: '192.0.2.7',
  external_data_set: 'terraform',
  external_data_reference: 'shop-1',
  enforcement_mode: 'full',
  background_color: '#1a73e8',
  foreground_color: '#ffffff',
  caps: ['write', 'provision'],
};
const INSTANT = '2026-01-31T12:00:00.000Z';
const UUID = 'aaaaaaaa-0000-4000-8000-000000000001';
/** Where the thing lives that a field of this name refers to. */
const PLACES: Readonly<Record<string, string>> = {
  label: '/orgs/1/labels/7',
  labels: '/orgs/1/labels/7',
  assign_labels: '/orgs/1/labels/7',
  label_group: `/orgs/1/sec_policy/draft/label_groups/${UUID}`,
  sub_groups: `/orgs/1/sec_policy/draft/label_groups/${UUID}`,
  workload: `/orgs/1/workloads/${UUID}`,
  ip_list: '/orgs/1/sec_policy/draft/ip_lists/1',
  service: '/orgs/1/sec_policy/draft/services/1',
  rule_sets: '/orgs/1/sec_policy/draft/rule_sets/3',
  rules: '/orgs/1/sec_policy/draft/rule_sets/3/sec_rules/7',
  deny_rules: '/orgs/1/sec_policy/draft/rule_sets/3/deny_rules/7',
  ingress_services: '/orgs/1/sec_policy/draft/services/1',
  container_cluster: `/orgs/1/container_clusters/${UUID}`,
  role: '/orgs/1/roles/owner',
  created_by: '/users/1',
  updated_by: '/users/1',
  deleted_by: '/users/1',
  requested_by: '/users/1',
};

/** `/orgs/{org}/labels/{label_id}` → `/orgs/1/labels/7`. */
export const exampleOfPath = (path: string): string =>
  path
    .replace('{org}', '1')
    .replace('{pversion}', 'draft')
    .replaceAll(
      /([^/]+)\/\{\w+\}/g,
      (_, word: string) => `${word}/${['7', UUID, 'eth0'].find((id) => idForm(word).test(id))}`,
    );

/** `places`: where things live, by the name of their schema. */
export function exampleOf(schemas: Schemas, name: string, places: Readonly<Record<string, string>>): unknown {
  return sample(schemas[name] ?? {}, { schemas, places, names: [name] });
}

interface Place {
  readonly schemas: Schemas;
  readonly places: Readonly<Record<string, string>>;
  /** Of what is around it, the nearest last. */
  readonly names: readonly string[];
}

function sample(schema: Json, place: Place): unknown {
  const given = givenBy(schema);
  if (given !== undefined) return given;
  const meant = meantBy(schema, place.schemas);
  return meant === undefined ? ofType(schema, place) : sample(meant, place);
}

interface Described {
  readonly $ref?: string;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Json[];
  readonly oneOf?: readonly Json[];
}

const givenBy = ({ examples, const: only, enum: words }: Described): unknown =>
  examples?.[0] ?? only ?? words?.[0];

/** Another schema, of which it is one. */
function meantBy({ $ref, anyOf, oneOf }: Described, schemas: Schemas): Json | undefined {
  if ($ref !== undefined) return schemas[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {};
  return (anyOf ?? oneOf)?.find(({ type }) => type !== 'null');
}

function ofType(schema: Json, place: Place): unknown {
  const type = typeOf(schema);
  if (type === 'object') return objectOf(schema, place);
  const named = BY_NAME[place.names.at(-1) ?? ''];
  if (type === 'array') return Array.isArray(named) ? named : listOf(schema, place);
  return typeof named === JAVASCRIPT[String(type)] ? named : plainOf(schema, place);
}

/** Of several types, what is not null. */
const typeOf = ({ type }: Json): unknown => [type].flat().find((each) => each !== 'null');

const JAVASCRIPT: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  integer: 'number',
  number: 'number',
};

function plainOf(schema: Json, place: Place): unknown {
  switch (typeOf(schema)) {
    case 'string':
      return textOf(schema, place);
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema['minimum'] ?? 1));
    case 'boolean':
      return true;
    default:
      return {};
  }
}

/** Lists that hold what holds them end here. */
const DEEPEST = 8;

function listOf({ items, maxItems }: Json, place: Place): unknown[] {
  const isOpen = items === undefined || Object.keys(items as Json).length === 0;
  return isOpen || maxItems === 0 || place.names.length > DEEPEST ? [] : [sample(items as Json, place)];
}

function objectOf({ properties = {} }: { properties?: Readonly<Record<string, Json>> }, place: Place): Json {
  const entries = Object.entries(properties).map(([name, schema]) => [
    name,
    sample(schema, { ...place, names: [...place.names, name] }),
  ]);
  return Object.fromEntries(entries) as Json;
}

function textOf({ format, pattern }: Json, { names, places }: Place): string {
  const name = names.at(-1) ?? '';
  if (name === 'href') return hrefIn(names.at(-2) ?? '', places);
  if (format === 'date-time' || /(_at|_on|timestamp|_date|_detected|since|At)$/.test(name)) return INSTANT;
  if (format === 'ipv4') return '10.0.0.7';
  if (format === 'ipv6') return '2001:db8::7';
  // What has a form of its own is most often an href.
  return pattern === undefined ? name.replaceAll('_', ' ') : hrefIn(name, places);
}

const hrefIn = (holder: string, places: Place['places']): string =>
  PLACES[holder] ?? places[holder] ?? '/orgs/1/labels/7';
