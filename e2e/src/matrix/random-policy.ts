/**
 * A random policy over a small town, in every form that the API takes: labels, groups and all except some, workloads, IP lists that cut
 * through Pods and nodes, virtual services, scopes of every kind, denials, boundaries, the container host, and what is disabled.
 */
import type { Random } from '../campaign/random.js';

export interface PolicyWords {
  /** hrefs of labels. */
  readonly roles: readonly string[];
  readonly apps: readonly string[];
  /** hrefs of Kubernetes workloads and nodes, and of virtual services. */
  readonly workloads: readonly string[];
  readonly virtualServices: readonly string[];
  /** Of Pods, nodes, Services and the world. */
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}
/** hrefs of what the rules of one policy may name beside the town's own things. */
export interface Referents {
  readonly lists: readonly string[];
  readonly groups: readonly string[];
  readonly services: readonly string[];
}
interface RangeBody {
  readonly from_ip: string;
  readonly to_ip?: string;
  readonly exclusion?: boolean;
}
export interface Body {
  readonly [field: string]: unknown;
}
type Actor = object;

const ref = (href: string): { href: string } => ({ href });

export function randomIpLists(random: Random, words: PolicyWords, name: string): Body[] {
  return [1, 2, 3].map((number) => ({
    name: `${name} ${number}`,
    ip_ranges: Array.from({ length: random.whole(1, 2) }, () => randomRanges(random, words)).flat(),
    // Nobody has learnt its addresses: it opens nothing.
    ...(number === 1 && { fqdns: [{ fqdn: '*.example.org' }] }),
  }));
}

/** An exclusion must lie in what the list includes. */
function randomRanges(random: Random, { addresses }: PolicyWords): RangeBody[] {
  const [address, other] = [random.pick(addresses), random.pick(addresses)];
  const network = { from_ip: `${address.split('.').slice(0, 3).join('.')}.0/24` };
  const [from, to] = [address, other].sort((a, b) => numberOf(a) - numberOf(b)) as [string, string];
  return random.pick<RangeBody[]>([
    [{ from_ip: address }],
    [network],
    [{ from_ip: '0.0.0.0/0' }, { from_ip: address, exclusion: true }],
    [network, { from_ip: `${address}/31`, exclusion: true }],
    [from === to ? { from_ip: from } : { from_ip: from, to_ip: to }],
  ]);
}

const numberOf = (address: string): number =>
  address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);

/** `within`: href of a group that is in it. */
export const randomGroup = (
  random: Random,
  { roles }: PolicyWords,
  { name, within }: { readonly name: string; readonly within?: string },
): Body => ({
  name,
  key: 'role',
  labels: [...new Set([random.pick(roles), random.pick(roles)])].map(ref),
  ...(within !== undefined && { sub_groups: [ref(within)] }),
});

export const randomService = (random: Random, words: PolicyWords, name: string): Body => ({
  name,
  service_ports: [...randomPorts(random, words), ...randomPorts(random, words)],
});

export function randomRuleSet(
  random: Random,
  words: PolicyWords,
  { name, ...referents }: Referents & { readonly name: string },
): Body {
  const author = new Author(random, words, referents);
  return {
    name,
    enabled: !random.isOnce(12),
    scopes: author.scopes(),
    rules: Array.from({ length: random.whole(4, 8) }, () => author.rule()),
    deny_rules: Array.from({ length: random.whole(0, 3) }, () => author.denial()),
  };
}

export const randomBoundary = (
  random: Random,
  words: PolicyWords,
  { name, ...referents }: Referents & { readonly name: string },
): Body => new Author(random, words, referents).boundary(name);

class Author {
  constructor(
    private readonly random: Random,
    private readonly words: PolicyWords,
    private readonly referents: Referents,
  ) {}

  rule(): Body {
    const { random } = this;
    const unscoped = random.next() < 0.7;
    const providersAre = random.pick([
      ['workloads'],
      ['workloads'],
      ['virtual_services', 'workloads'],
      ['virtual_services'],
    ]);
    const hasPorts = providersAre.includes('workloads');
    return {
      enabled: !random.isOnce(12),
      providers: [...this.side(), ...this.virtual()],
      consumers:
        unscoped && random.isOnce(6) ? [{ actors: 'container_host' }] : [...this.side(), ...this.virtual()],
      unscoped_consumers: unscoped,
      ingress_services: hasPorts ? this.services() : [],
      resolve_labels_as: {
        providers: providersAre,
        consumers: random.pick([['workloads'], ['workloads'], ['workloads', 'virtual_services']]),
      },
    };
  }

  denial(): Body {
    const { random } = this;
    return {
      enabled: !random.isOnce(12),
      providers: this.side(),
      consumers: this.side(),
      unscoped_consumers: random.next() < 0.7,
      ingress_services: this.services(),
      override: random.next() < 0.3,
    };
  }

  /** It has no exclusions. */
  boundary(name: string): Body {
    const side = (): Actor[] => this.side().filter((actor) => !('exclusion' in actor));
    const orAll = (actors: Actor[]): Actor[] => (actors.length === 0 ? [{ actors: 'ams' }] : actors);
    return {
      name,
      providers: orAll(side()),
      consumers: orAll(side()),
      ingress_services: this.services(),
    };
  }

  scopes(): Actor[][] {
    const { random } = this;
    const [app, other] = this.words.apps as [string, string];
    const group = { label_group: ref(random.pick(this.referents.groups)) };
    const label = (href: string): Actor => ({ label: ref(href) });
    return random.pick<Actor[][]>([
      [[]],
      [[]],
      [[]],
      [[label(random.pick(this.words.apps))]],
      [[label(app)], [label(other)]],
      [[{ ...label(app), exclusion: true }]],
      [[label(app), { ...group, exclusion: true }]],
      [[group]],
    ]);
  }

  private side(): Actor[] {
    const { random, words, referents } = this;
    const label = (href: string): Actor => ({ label: ref(href) });
    const role = (): Actor => label(random.pick(words.roles));
    const list = (): Actor => ({ ip_list: ref(random.pick(referents.lists)) });
    const group = (): Actor => ({ label_group: ref(random.pick(referents.groups)) });
    const except = (actor: Actor): Actor => ({ ...actor, exclusion: true });
    const side = random.pick<() => Actor[]>([
      () => [{ actors: 'ams' }],
      () => [{ actors: 'ams' }, except(role())],
      () => [list()],
      () => [list(), list()],
      () => [list(), role()],
      () => [label(random.pick(words.apps))],
      () => [role()],
      () => [role(), role()],
      () => [role(), label(random.pick(words.apps))],
      () => [group()],
      () => [group(), except(role())],
      () => [except(role())],
      () => [except(group())],
      () => [{ workload: ref(random.pick(words.workloads)) }],
      () => [{ workload: ref(random.pick(words.workloads)) }, list()],
    ]);
    return side().filter(isFirst);
  }

  private virtual(): Actor[] {
    const { random, words } = this;
    return random.isOnce(6) ? [{ virtual_service: ref(random.pick(words.virtualServices)) }] : [];
  }

  private services(): object[] {
    return this.random.isOnce(4)
      ? [ref(this.random.pick(this.referents.services))]
      : randomPorts(this.random, this.words);
  }
}

const isFirst = (actor: Actor, i: number, all: readonly Actor[]): boolean =>
  all.findIndex((other) => JSON.stringify(other) === JSON.stringify(actor)) === i;

function randomPorts(random: Random, { ports }: PolicyWords): object[] {
  const [from, to] = [random.pick(ports), random.pick(ports)].sort((a, b) => a - b) as [number, number];
  const proto = random.next() < 0.85 ? 6 : 17;
  return [from === to ? { proto, port: from } : { proto, port: from, to_port: to }];
}
