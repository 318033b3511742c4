/**
 * Whether what exists already says what a body says, and which of the existing rules each wanted rule is. Pure. References compare by
 * href, lists of references and rules without order, absent and empty texts as equal.
 */
type Json = Readonly<Record<string, unknown>>;

const REFERENCES = new Set([
  'label',
  'label_group',
  'workload',
  'ip_list',
  'virtual_service',
  'virtual_server',
]);

export function saysTheSame(existing: Json, wanted: Json): boolean {
  return Object.entries(wanted).every(
    ([field, value]) => canonical(existing[field], field) === canonical(value, field),
  );
}

/** Wanted rules that exist get the href of theirs, so that they stay who they are. */
export function withExistingHrefs(existing: readonly Json[], wanted: readonly Json[]): Json[] {
  const free = [...existing];
  return wanted.map((rule) => {
    const at = free.findIndex((candidate) => saysTheSame(candidate, rule));
    const [found] = at < 0 ? [] : free.splice(at, 1);
    return found === undefined ? rule : { href: found['href'], ...rule };
  });
}

function canonical(value: unknown, field: string): string {
  return JSON.stringify(reduced(value, field)) ?? 'null';
}

function reduced(value: unknown, field: string): unknown {
  if (value === null || value === undefined || value === '') return null;
  if (Array.isArray(value)) return reducedList(value as unknown[], field);
  if (typeof value !== 'object') return value;
  const object = value as Json;
  if (isReference(object, field)) return { href: asDraft(String(object['href'])) };
  const entries = Object.entries(object)
    .filter(([key]) => key !== 'href' && !META.has(key))
    .map(([key, inner]) => [key, reduced(inner, key)] as const)
    .filter(([key, inner]) => inner !== null && !(key === 'exclusion' && inner === false));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Rules keep their order's meaning by id only, scopes and actors have none. */
function reducedList(list: readonly unknown[], field: string): unknown[] {
  const items = list.map((item) => reduced(item, field)).filter((item) => item !== null);
  return items
    .map((item) => [JSON.stringify(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, item]) => item);
}

function isReference(object: Json, field: string): boolean {
  if (typeof object['href'] !== 'string') return false;
  return (
    REFERENCES.has(field) ||
    field === 'labels' ||
    field === 'sub_groups' ||
    (field === 'ingress_services' && object['proto'] === undefined)
  );
}

function asDraft(href: string): string {
  return href.replace(/\/sec_policy\/(active|\d+)\//, '/sec_policy/draft/');
}

/** Fields of an answer that are no policy. */
const META = new Set([
  'created_at', 'updated_at', 'deleted_at', 'created_by', 'updated_by', 'deleted_by', 'update_type', 'caps', 'external_data_set',
  'external_data_reference', 'egress_services', 'sec_connect', 'stateless', 'machine_auth', 'consuming_security_principals',
  'network_type', 'use_workload_subnets', 'log_flow', 'ip_tables_rules', 'windows_services', 'ringfence_enforced',
]); // prettier-ignore
