/** Every form that documents can say: to the bodies of the API, as the server shows those, back to words, and the same again. */
import { parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { parsePolicyFile } from './policy-documents.js';
import { policyDifference, withDocuments } from './policy-difference.js';
import type { NAMED_KINDS } from './policy-kinds.js';
import { NOTHING } from './policy-in-words.js';
import type { PolicyInWords } from './policy-in-words.js';
import { NameBook } from './policy-known.js';
import { referenceOf } from './policy-owner.js';
import { rulesWithHrefs } from './policy-rule-hrefs.js';
import { policyText } from './policy-text.js';
import { policyTranslation } from './policy-translation.js';
import type { KnownNames } from './policy-translation.js';
import { policyWords } from './policy-words.js';
import type {
  BindingBody,
  FirewallBody,
  IpListBody,
  RuleSetBody,
  VirtualServiceBody,
} from './policy-bodies.js';
import type { BoundaryBody } from './policy-bodies.js';

const EVERYTHING = `
labels:
  - { key: app, value: shop }
  - { key: env, value: '1.10' }
  - { key: env, value: dev }
  - { key: role, value: web }
  - { key: role, value: 'true' }
label_groups: [{ name: 'a/b, c', key: role, labels: [web, 'true'], groups: [inner] }, { name: inner, key: role }]
ip_lists:
  - name: office
    description: 'two: lines, # no comment'
    ranges: [10.1.2.3/8, '!10.9.0.0/16', 192.0.2.1/32, 2001:DB8::1-2001:db8::9, { value: 198.51.100.0/24, description: far }]
    fqdns: ['*.example.com', { value: docker.io, description: images }]
services:
  - { name: 8080/tcp, ports: [443/tcp], owner: team }
  - { name: ping, ports: [icmp/8, icmp/3/4, icmp6, protocol 47, 53-53/udp, all], description_url: 'https://example.com' }
virtual_services:
  - name: database
    labels: { role: web, app: shop }
    ports: [5432/tcp]
    addresses: [192.0.2.9, { fqdn: db.example.com, port: 5432 }, { ip: 192.0.2.8, description: old }]
    overrides: [192.0.2.10]
    workloads: [shop/db, { workload: host-1, ports: { 5432/tcp: 15432-15439 } }]
  - { name: named, service: ping, apply_to: internal_bridge_network }
rule_sets:
  - name: shop
    description: all forms
    scopes: [{ app: shop, not: { env: [dev, 1.10] } }, { label_group: 'a/b, c' }]
    rules:
      - { from: { role: [web, 'true'], workload: host-1 }, to: all, on: [8080/tcp, 9000-9010/udp, tcp, { service: 8080/tcp }, all] }
      - { from: { container_host: true }, to: { virtual_service: database }, on: [ping], extra_scope: true, enabled: false }
      - { from: { ip_list: office }, to: { role: web, not: { label_group: inner } }, labels_as: { to: virtual_services } }
      - { from: { all: true }, to: { app: shop }, on: [udp], labels_as: { from: both, to: both }, network: all, log: true, subnets_of: [to, from] }
    deny_rules: [{ from: { env: dev }, to: all, on: [22/tcp], override: true, description: never }]
boundaries: [{ name: no ssh, from: all, to: { env: dev }, on: [22/tcp], enabled: false, network: all }]
firewall_settings:
  coexistence: [{ scope: { app: shop, role: [web, 'true'] }, primary: true, state: enforced }]
  blocked_connection_reject: [{ env: dev }]
  captive_portal: true
`;

/** hrefs that say what they are of. */
const href = (kind: string, name: string): string => `/orgs/1/${kind}/${Buffer.from(name).toString('hex')}`;
const nameIn = (text: string): string => Buffer.from(text.slice(text.lastIndexOf('/') + 1), 'hex').toString();
const book = (kind: string, names: readonly string[]): NameBook =>
  new NameBook(names.map((name) => [name, href(kind, name)]));

function knownOf(text: string): KnownNames {
  const { policy } = parsePolicyFile(text, 'x.yaml');
  const named = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);
  return {
    labels: new Map(
      policy.labels.map(({ key, value }) => [`${key}=${value}`, href('labels', `${key}=${value}`)]),
    ),
    labelGroups: book('label_groups', named(policy.label_groups)),
    ipLists: book('ip_lists', named(policy.ip_lists)),
    services: book('services', ['All Services', ...named(policy.services)]),
    virtualServices: book('virtual_services', named(policy.virtual_services)),
    workloads: book('workloads', ['shop/db', 'host-1']),
  };
}

/** As the server shows what it was sent: references with what they are called. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, shown(inner)] as const);
  const body = Object.fromEntries(entries) as { href?: string };
  if (body.href === undefined) return body;
  const name = nameIn(body.href);
  if (!body.href.includes('/labels/')) return { ...body, name };
  const [key, ...rest] = name.split('=');
  return { ...body, key, value: rest.join('=') };
}

function throughTheServer(text: string): PolicyInWords {
  const parsed = parsePolicyFile(text, 'x.yaml');
  const { policy } = parsed;
  const known = knownOf(text);
  const translate = policyTranslation(known, parsed.at);
  const byId = (names: NameBook, of: readonly string[]): Map<string, string> =>
    new Map(of.map((name) => [names.get(name)!.slice(names.get(name)!.lastIndexOf('/') + 1), name]));
  const words = policyWords({
    services: byId(known.services as NameBook, ['All Services', ...policy.services.map(({ name }) => name)]),
    workloads: byId(known.workloads as NameBook, ['shop/db', 'host-1']),
    labels: new Map(policy.labels.map((label) => [href('labels', `${label.key}=${label.value}`), label])),
  });
  const owned = <T>(
    kind: (typeof NAMED_KINDS)[number],
    one: { owner?: string | undefined; name: string },
    body: unknown,
  ): T =>
    ({
      ...(shown(body) as object),
      ...(one.owner && {
        external_data_set: one.owner,
        external_data_reference: referenceOf(kind, one.name),
      }),
    }) as T;
  const inWords: PolicyInWords = {
    ...NOTHING,
    label_groups: policy.label_groups.map((one) =>
      words.labelGroup(owned('label_groups', one, translate.labelGroup(one, []))),
    ),
    ip_lists: policy.ip_lists.map((one) =>
      words.ipList(owned<IpListBody>('ip_lists', one, translate.ipList(one, []))),
    ),
    services: policy.services.map((one) => words.service(owned('services', one, translate.service(one, [])))),
    virtual_services: policy.virtual_services.map((one) =>
      words.virtualService(
        owned<VirtualServiceBody>('virtual_services', one, translate.virtualService(one, [])),
        (one.workloads ?? []).map((bound) => shown(translate.binding(bound, [])) as BindingBody),
      ),
    ),
    rule_sets: policy.rule_sets.map((one) =>
      words.ruleSet(owned<RuleSetBody>('rule_sets', one, translate.ruleSet(one, []))),
    ),
    boundaries: policy.boundaries.map((one) =>
      words.boundary(owned<BoundaryBody>('boundaries', one, translate.boundary(one, []))),
    ),
    firewall_settings:
      policy.firewall_settings === undefined
        ? []
        : [
            words.firewallSettings(
              shown(translate.firewallSettings(policy.firewall_settings)) as FirewallBody,
            ),
          ],
  };
  expect(words.unsaid()).toEqual([]);
  return inWords;
}
const written = ({ firewall_settings: [firewall], ...policy }: PolicyInWords, labels: unknown): string =>
  policyText({ labels, ...policy, ...(firewall && { firewall_settings: firewall }) });
const labelsOf = (text: string): unknown => parsePolicyFile(text, 'x.yaml').policy.labels;

describe('all forms of documents', () => {
  it('say the same after the server has shown them, and are written in the same bytes again', () => {
    const once = throughTheServer(EVERYTHING);
    expect(policyDifference(once, withDocuments(once, parsePolicyFile(EVERYTHING, 'x.yaml')))).toEqual([]);
    const text = written(once, labelsOf(EVERYTHING));
    expect(written(throughTheServer(text), labelsOf(text))).toBe(text);
  });

  it('differ when anything differs: no field is lost on the way', () => {
    const once = throughTheServer(EVERYTHING);
    const document = parseDocument(EVERYTHING);
    const changes: readonly (readonly [path: readonly (string | number)[], value: unknown])[] = [
      [['ip_lists', 0, 'description'], 'other'],
      [['ip_lists', 0, 'ranges', 0], '10.0.0.0/9'],
      [['ip_lists', 0, 'ranges', 4, 'description'], 'near'],
      [['services', 1, 'ports', 0], 'icmp/9'],
      [['services', 0, 'owner'], 'others'],
      [['virtual_services', 0, 'labels', 'role'], 'true'],
      [['virtual_services', 0, 'workloads', 0], 'host-1'],
      [['rule_sets', 0, 'scopes', 0, 'not', 'env'], 'dev'],
      [['rule_sets', 0, 'rules', 1, 'enabled'], true],
      [['rule_sets', 0, 'rules', 2, 'labels_as', 'to'], 'both'],
      [['rule_sets', 0, 'rules', 3, 'log'], false],
      [['rule_sets', 0, 'deny_rules', 0, 'override'], false],
      [['boundaries', 0, 'network'], 'brn'],
      [['firewall_settings', 'coexistence', 0, 'primary'], false],
    ];
    for (const [path, value] of changes) {
      const other = document.clone();
      other.setIn(path, value);
      // A rule that means workloads needs a port.
      if (value === 'both') other.setIn(['rule_sets', 0, 'rules', 2, 'on'], ['tcp']);
      const wanted = withDocuments(once, parsePolicyFile(String(other), 'x.yaml'));
      expect(policyDifference(once, wanted), path.join('.')).toHaveLength(1);
    }
  });
});

describe('rules that are there already', () => {
  it('keep their hrefs, in whatever order and way of writing, and new ones have none', () => {
    const [before] = throughTheServer(EVERYTHING).rule_sets;
    const parsed = parsePolicyFile(EVERYTHING, 'x.yaml');
    const body = policyTranslation(knownOf(EVERYTHING), parsed.at).ruleSet(parsed.policy.rule_sets[0]!, []);
    const hrefs = ['/1', '/2', '/3', '/4'];
    const existing = {
      href: '/s',
      name: 'shop',
      rules: [{ href: '/gone', update_type: 'delete' }, ...hrefs.map((one) => ({ href: one }))],
      deny_rules: [{ href: '/9' }],
    };
    const [set] = parsed.policy.rule_sets;
    const other = {
      ...set!,
      rules: [{ ...set!.rules[0]!, description: 'new' }, ...set!.rules.slice(1).reverse()],
    };
    const rules = [{ ...(body['rules'] as object[])[0] }, ...(body['rules'] as object[]).slice(1).reverse()];
    const sent = rulesWithHrefs({ ...body, rules }, existing, { set: other, before });
    expect((sent['rules'] as { href?: string }[]).map((rule) => rule.href)).toEqual([
      undefined,
      '/4',
      '/3',
      '/2',
    ]);
    expect((sent['deny_rules'] as { href?: string }[]).map((rule) => rule.href)).toEqual(['/9']);
  });
});
