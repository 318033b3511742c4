/** The small town of the truth table, and how its rows are written. */
import type { JudgedCluster, JudgedPod, PodTraffic, TrafficEnd } from './naive-network-policies.js';

/** As in a manifest; `in` is the policy's namespace. */
export interface WrittenPolicy {
  readonly in: string;
  readonly spec: unknown;
}
export interface TruthStep {
  /** `shop/db` gets these labels. */
  readonly pods?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** All that there are from then on. */
  readonly policies?: readonly WrittenPolicy[];
  /** `bank/web > shop/db tcp 5432` */
  readonly passes: readonly string[];
  readonly cut: readonly string[];
}
export interface Truth {
  readonly says: string;
  readonly steps: readonly TruthStep[];
}

const [TCP, UDP, SCTP] = [6, 17, 132];
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP, icmp: 1 };

const pod = (
  path: string,
  labels: Readonly<Record<string, string>>,
  address: string,
  namedPorts: JudgedPod['namedPorts'] = [],
): JudgedPod => {
  const [namespace = '', name = ''] = path.split('/');
  return { namespace, name, labels, addresses: [address], node: 'n1', hostNetwork: false, namedPorts };
};

export const TRUTH_CLUSTER: Omit<JudgedCluster, 'policies'> = {
  namespaces: new Map<string, Readonly<Record<string, string>>>([
    ['shop', { team: 'red', stage: 'prod' }],
    ['bank', { team: 'blue' }],
    ['attic', {}],
  ]),
  pods: [
    pod('shop/web', { app: 'web', tier: 'front' }, '10.0.0.1', [{ name: 'http', proto: TCP, port: 8080 }]),
    pod('shop/db', { app: 'db' }, '10.0.0.2', [
      { name: 'sql', proto: TCP, port: 5432 },
      { name: 'http', proto: TCP, port: 9090 },
      { name: 'http', proto: UDP, port: 9091 },
    ]),
    pod('bank/web', { app: 'web' }, '10.0.0.3', [{ name: 'http', proto: TCP, port: 80 }]),
    pod('bank/till', { app: 'till', tier: '' }, '10.0.0.4'),
    pod('attic/box', {}, '10.0.0.5'),
    { ...pod('shop/agent', { app: 'db' }, '172.16.0.1'), hostNetwork: true },
  ],
  nodes: new Map([
    ['172.16.0.1', 'n1'],
    ['172.16.0.2', 'n2'],
  ]),
};

export function trafficOf(cluster: JudgedCluster, text: string): PodTraffic {
  const [from = '', , to = '', proto = '', port = ''] = text.split(' ');
  const end = (name: string): TrafficEnd => {
    const named = cluster.pods.find((each) => `${each.namespace}/${each.name}` === name);
    return named === undefined ? { pod: null, address: name } : { pod: named, address: named.addresses[0]! };
  };
  return { from: end(from), to: end(to), proto: PROTOCOLS[proto]!, port: Number(port) };
}

export const inShop = (...specs: readonly unknown[]): WrittenPolicy[] =>
  specs.map((spec) => ({ in: 'shop', spec }));
export const row = (
  says: string,
  policies: readonly WrittenPolicy[],
  { passes, cut }: Pick<TruthStep, 'passes' | 'cut'>,
): Truth => ({ says, steps: [{ policies, passes, cut }] });

export const DB = { matchLabels: { app: 'db' } };
export const WEB = { matchLabels: { app: 'web' } };
/** Of the database: in from these. */
export const from = (...peers: readonly unknown[]): unknown => ({
  podSelector: DB,
  ingress: [{ from: peers }],
});
/** Of the database: in on these. */
export const on = (...ports: readonly unknown[]): unknown => ({ podSelector: DB, ingress: [{ ports }] });
/** Of the shop's web: out to these. */
export const to = (...peers: readonly unknown[]): unknown => ({
  podSelector: WEB,
  policyTypes: ['Egress'],
  egress: [{ to: peers }],
});

export const OUTSIDE = '192.0.2.1';
export const [WEB_DB, BANK_DB, TILL_DB, BOX_DB] = ['shop/web', 'bank/web', 'bank/till', 'attic/box'].map(
  (name) => `${name} > shop/db tcp 5432`,
) as [string, string, string, string];
export const OUT_DB = `${OUTSIDE} > shop/db tcp 5432`;
export const EVERYBODY_DB = [WEB_DB, BANK_DB, TILL_DB, BOX_DB, OUT_DB];
