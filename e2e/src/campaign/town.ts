/**
 * The application that a campaign attacks, and its policy: a shop in full mode, a moody namespace whose mode and labels change, a
 * namespace of newcomers that come and go, and one that nobody manages, where the attackers and listeners live.
 */
import type { Manifest } from '@ringfence/up';
import { modeOf, envOf, ruleSwitch } from './model.js';
import type { Knob, Policy } from './model.js';

export const SHOP = 'cmp-shop';
export const MOODY = 'cmp-moody';
export const CHURN = 'cmp-churn';
export const OPEN = 'cmp-open';

export const PORTS = {
  /** Always allowed. */
  shop: 7300,
  /** Allowed while the rule is switched on. */
  switched: 7301,
  shopUdp: 7302,
  /** No rule ever. */
  never: 7303,
  moody: 7310,
  newcomer: 7320,
  newcomerUdp: 7321,
  /** Of the listeners: nobody in full mode may call them. */
  trap: 7390,
  trapUdp: 7391,
} as const;

export const SWITCHED_RULE = 'switched';
export const POLICY: Policy = {
  managed: [SHOP, MOODY, CHURN],
  scope: 'demo',
  rules: [
    { id: 'shop', from: 'shop-client', to: 'shop-server', proto: 6, port: PORTS.shop },
    { id: 'shop-udp', from: 'shop-client', to: 'shop-server', proto: 17, port: PORTS.shopUdp },
    { id: SWITCHED_RULE, from: 'shop-client', to: 'shop-server', proto: 6, port: PORTS.switched },
    { id: 'newcomers-call', from: 'newcomer', to: 'shop-server', proto: 6, port: PORTS.shop },
    { id: 'newcomers-serve', from: 'shop-client', to: 'newcomer', proto: 6, port: PORTS.newcomer },
    { id: 'moody', from: 'moody-client', to: 'moody-server', proto: 6, port: PORTS.moody },
  ],
};
export const ROLES = [
  'shop-client',
  'shop-server',
  'shop-stranger',
  'moody-client',
  'moody-server',
  'newcomer',
];

/** What is so when the attack begins. */
export const FIRST_VALUES: Readonly<Record<Knob, string>> = Object.fromEntries([
  ...POLICY.managed.flatMap((namespace) => [
    [modeOf(namespace), 'full'],
    [envOf(namespace), POLICY.scope],
  ]),
  ...POLICY.rules.map(({ id }) => [ruleSwitch(id), 'on']),
]) as Record<Knob, string>;

/** Ready then means that the policy is proven to be in force, not only that the program runs. */
export const GATE = 'ringfence.io/policy-ready';

interface PodOptions {
  readonly name: string;
  readonly role: string;
  readonly tcp?: readonly number[];
  readonly udp?: readonly number[];
  /** `scheme://host:port`s that the container calls with its first instruction, and then every few seconds. */
  readonly calls?: readonly string[];
  readonly isGated?: boolean;
}

function podTemplate({ name, role, tcp = [], udp = [], calls = [], isGated = true }: PodOptions): object {
  const port = (protocol: string) => (containerPort: number) => ({ containerPort, protocol });
  const container = {
    name: 'stub',
    image: 'example/stub:1',
    ports: [...tcp.map(port('TCP')), ...udp.map(port('UDP'))],
    env: calls.map((value, index) => ({ name: `TARGET_${index}`, value })),
  };
  return {
    metadata: { labels: { app: name, role }, annotations: { 'ringfence.io/role': role } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [container],
      ...(isGated && { readinessGates: [{ conditionType: GATE }] }),
    },
  };
}

function workload(kind: 'DaemonSet' | 'Deployment', namespace: string, options: PodOptions): Manifest {
  const { name } = options;
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      ...(kind === 'Deployment' && { replicas: 1 }),
      selector: { matchLabels: { app: name } },
      template: podTemplate(options),
    },
  } as Manifest;
}

const shopPorts = { tcp: [PORTS.shop, PORTS.switched, PORTS.never], udp: [PORTS.shopUdp] };

/** Deployed with the stack. `crowd` serves the shop too, and is made larger and smaller. */
export const APPLICATION: readonly Manifest[] = [
  workload('DaemonSet', SHOP, { name: 'shop-server', role: 'shop-server', ...shopPorts }),
  workload('DaemonSet', SHOP, { name: 'shop-client', role: 'shop-client' }),
  workload('Deployment', SHOP, { name: 'crowd', role: 'shop-server', ...shopPorts }),
  workload('Deployment', SHOP, { name: 'shop-stranger', role: 'shop-stranger' }),
  workload('Deployment', MOODY, { name: 'moody-server', role: 'moody-server', tcp: [PORTS.moody] }),
  workload('Deployment', MOODY, { name: 'moody-client', role: 'moody-client' }),
];

export const LISTENERS = workload('DaemonSet', OPEN, { name: 'listener', role: 'listener', isGated: false });

export function newcomer(name: string, calls: readonly string[]): Manifest {
  const template = podTemplate({
    name,
    role: 'newcomer',
    tcp: [PORTS.newcomer],
    udp: [PORTS.newcomerUdp],
    calls,
  }) as Pick<Manifest, 'metadata' | 'spec'>;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...template,
    metadata: { ...template.metadata, name, namespace: CHURN },
  };
}
