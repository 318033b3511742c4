/**
 * Another cluster of the same organisation whose token is in an attacker's hands: it speaks for ours on the control plane's NATS, claims
 * our workloads, takes message ids before us, and sends what nobody can parse.
 */
import type { RingfenceApi } from '@ringfence/up';
import type { Fault } from './faults.js';
import { HostileLine, poison } from './hostile-line.js';
import type { HostileMessage, StolenCredential } from './hostile-line.js';

export interface ClusterVictim {
  readonly api: RingfenceApi;
  readonly gatewayUrl: string;
  readonly victim: string;
  readonly node: string;
}

const LASTING = { leastMs: 4_000, mostMs: 9_000 };
const WEAPONS = ['FLOWS', 'ACKS', 'OBSERVATIONS', 'EVENTS', 'POLICY', 'AGENTS'].flatMap((stream) =>
  ['PURGE', 'DELETE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
);
const IDS_AHEAD = 50;
const EXCHANGE_MS = 20_000;

interface Intruder {
  readonly cluster: string;
  readonly credential: StolenCredential;
}

export function hostileCluster(options: ClusterVictim): Fault {
  let intruder: Intruder | undefined;
  let line: HostileLine | undefined;
  return {
    ...{ name: 'hostile cluster', subject: 'credential of a cluster', ...LASTING },
    // It came as any cluster comes, on a day when everything was well.
    prepare: async () => {
      intruder = await registered(options);
    },
    begin: async () => {
      if (intruder === undefined) throw new Error('the intruder was never registered');
      const { cluster, credential } = intruder;
      line = await HostileLine.open(() => credential);
      line.fire(() => volley(cluster, options));
    },
    end: () => line?.close(),
    healed: () => Promise.resolve(),
  };
}

/** Registered as any cluster is; only what it does then is hostile. */
async function registered({ api, gatewayUrl }: ClusterVictim): Promise<Intruder> {
  const made = await api.post<{ href: string; container_cluster_token: string }>('/container_clusters', {
    name: 'intruder',
  });
  const cluster = made.href.split('/').at(-1)!;
  const response = await fetch(`${gatewayUrl}/api/v2/edge/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cluster, token: made.container_cluster_token }),
    signal: AbortSignal.timeout(EXCHANGE_MS),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`the intruder got no credential: ${response.status} ${text.slice(0, 200)}`);
  return { cluster, credential: JSON.parse(text) as StolenCredential };
}

function volley(own: string, { victim, node }: ClusterVictim): HostileMessage[] {
  const at = new Date().toISOString();
  const ack = {
    ...{
      node,
      revision: 1e9,
      policyVersion: 1e9,
      at,
      workloads: [],
      failed: [],
      notInForce: [],
      notInForceCount: 0,
    },
  };
  const batch = {
    ...{
      id: `${node}/hostile/${at}`,
      cluster: victim,
      node,
      revision: 1,
      policyVersion: 1,
      from: at,
      to: at,
    },
    ...{ overflow: 0, ends: [], flows: [] },
  };
  const unpaired = {
    ...{
      node,
      machineId: '0',
      version: '0',
      addresses: [],
      revision: 0,
      pods: 0,
      podsEnforced: 0,
      errors: [],
    },
    ...{ observedAt: at, status: 'unpaired', judging: false },
  };
  const lies: [string, unknown][] = [
    [`ack.CLUSTER.node.${node}`, ack],
    [`flow.CLUSTER.decorated.${node}`, batch],
    [`obs.CLUSTER.heartbeat.${node}`, unpaired],
    [`agent.CLUSTER.heartbeat.${node}`, unpaired],
    [`evt.CLUSTER.workload.x`, {}],
  ];
  const soon = Array.from({ length: IDS_AHEAD }, (_, index) => `cluster ${Date.now() + index * 20}`);
  return [
    ...lies.flatMap(([subject, payload]) =>
      [own, victim].map((cluster) => ({ subject: subject.replace('CLUSTER', cluster), payload })),
    ),
    ...soon.map((id) => ({ subject: `obs.${own}.cluster.x`, payload: {}, id })),
    ...WEAPONS.map((reply) => ({ subject: `ack.${own}.node.x`, payload: {}, reply })),
    { subject: `flow.${own}.decorated.x`, payload: poison() },
    { subject: `obs.${own}.cluster.x`, payload: poison() },
  ];
}
