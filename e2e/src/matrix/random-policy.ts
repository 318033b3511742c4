/** A random policy over a small town: rules by labels, IP lists that cut through Pods and nodes, denials, the container host. */
import type { Random } from '../campaign/random.js';

export interface PolicyWords {
  /** hrefs of labels. */
  readonly roles: readonly string[];
  readonly apps: readonly string[];
  /** Of Pods, nodes, Services and the world. */
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}
export interface IpListBody {
  readonly name: string;
  readonly ip_ranges: readonly {
    readonly from_ip: string;
    readonly to_ip?: string;
    readonly exclusion?: boolean;
  }[];
}
type Actor = object;
export interface RuleBody {
  readonly [field: string]: unknown;
}
export interface RuleSetBody {
  readonly name: string;
  readonly scopes: readonly (readonly object[])[];
  readonly rules: readonly RuleBody[];
  readonly deny_rules: readonly RuleBody[];
}

export function randomIpLists(random: Random, words: PolicyWords, name: string): IpListBody[] {
  return [1, 2, 3].map((number) => ({
    name: `${name} ${number}`,
    ip_ranges: Array.from({ length: random.whole(1, 2) }, () => randomRanges(random, words)).flat(),
  }));
}

/** An exclusion must lie in what the list includes. */
function randomRanges(random: Random, { addresses }: PolicyWords): IpListBody['ip_ranges'] {
  const [address, other] = [random.pick(addresses), random.pick(addresses)];
  const network = { from_ip: `${address.split('.').slice(0, 3).join('.')}.0/24` };
  const [from, to] = [address, other].sort((a, b) => numberOf(a) - numberOf(b)) as [string, string];
  return random.pick<IpListBody['ip_ranges']>([
    [{ from_ip: address }],
    [network],
    [{ from_ip: '0.0.0.0/0' }, { from_ip: address, exclusion: true }],
    [network, { from_ip: `${address}/31`, exclusion: true }],
    [from === to ? { from_ip: from } : { from_ip: from, to_ip: to }],
  ]);
}

const numberOf = (address: string): number =>
  address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);

export function randomRuleSet(
  random: Random,
  words: PolicyWords,
  { name, lists }: { readonly name: string; readonly lists: readonly string[] },
): RuleSetBody {
  const isScoped = random.next() < 0.5;
  const rule = (): RuleBody => {
    const unscoped = random.next() < 0.7;
    const resolve = { providers: ['workloads'], consumers: ['workloads'] };
    return {
      enabled: true,
      providers: randomSide(random, words, lists),
      consumers:
        unscoped && random.next() < 0.2 ? [{ actors: 'container_host' }] : randomSide(random, words, lists),
      unscoped_consumers: unscoped,
      ingress_services: randomPorts(random, words),
      resolve_labels_as: resolve,
    };
  };
  const denial = (): RuleBody => ({
    enabled: true,
    providers: randomSide(random, words, lists),
    consumers: randomSide(random, words, lists),
    unscoped_consumers: random.next() < 0.7,
    ingress_services: randomPorts(random, words),
    override: random.next() < 0.3,
  });
  return {
    name,
    scopes: isScoped ? [[{ label: { href: random.pick(words.apps) } }]] : [[]],
    rules: Array.from({ length: random.whole(3, 6) }, rule),
    deny_rules: Array.from({ length: random.whole(0, 3) }, denial),
  };
}

function randomSide(random: Random, { roles, apps }: PolicyWords, lists: readonly string[]): Actor[] {
  const label = (href: string): Actor => ({ label: { href } });
  const choice = random.next();
  if (choice < 0.1) return [{ actors: 'ams' }];
  if (choice < 0.45) return [{ ip_list: { href: random.pick(lists) } }];
  if (choice < 0.55) return [{ ip_list: { href: random.pick(lists) } }, label(random.pick(roles))];
  if (choice < 0.65) return [label(random.pick(apps))];
  return [label(random.pick(roles)), ...(random.next() < 0.3 ? [label(random.pick(roles))] : [])].filter(
    isFirst,
  );
}

const isFirst = (actor: Actor, i: number, all: readonly Actor[]): boolean =>
  all.findIndex((other) => JSON.stringify(other) === JSON.stringify(actor)) === i;

function randomPorts(random: Random, { ports }: PolicyWords): object[] {
  const [from, to] = [random.pick(ports), random.pick(ports)].sort((a, b) => a - b) as [number, number];
  const proto = random.next() < 0.85 ? 6 : 17;
  return [from === to ? { proto, port: from } : { proto, port: from, to_port: to }];
}
