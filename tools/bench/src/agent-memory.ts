/** bench: what a node's agent and its helper hold in memory, with 110 Pods of 1,000 peers each (root; --quick, --pods, --peers) */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { SandboxNode } from '@ringfence/up';
import { runRate, until } from './convergence-rate.js';
import { labelled, NAMESPACE, withBenchStack } from './convergence-stack.js';
import type { BenchStack } from './convergence-stack.js';
import { policyIn, podNamespacesOn } from './kernel-table.js';
import { print } from './measure.js';
import type { Figure } from './measure.js';
import { residentTogether, residentTree } from './resident.js';

const TARGET = 'target: under 150 MiB, both together';
const LOADED_WITHIN_MS = 300_000;
/** Nobody asks for a collection: what is there once it is quiet is what the node pays. */
const SETTLED_AFTER_MS = 60_000;
const AT_ONCE = 5;
const ADDRESSES = 32_768;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      pods: { type: 'string', default: '110' },
      peers: { type: 'string', default: '1000' },
    },
  });
  const [pods, peers] = values.quick ? [10, 100] : [Number(values.pods), Number(values.peers)];
  if (peers > ADDRESSES) throw new Error(`--peers: ${ADDRESSES} at most`);
  await withBenchStack(async (stack) => {
    const [node] = stack.nodes;
    if (node === undefined) throw new Error('the stack has no node');
    console.log(
      `${new Date().toISOString().slice(0, 16)}Z, ${pods} Pods on ${node.name}, one elsewhere, in full mode; each admits ${peers} unmanaged workloads; ${TARGET}\n`,
    );
    print('With a Pod each, MiB resident (proportional)', figures(stack));
    await makePeers(stack, peers);
    const role = { perSecond: 5, pods, role: 'server', node: node.name };
    await runRate(stack, role, 'server');
    await until('every table has its peers', LOADED_WITHIN_MS, () => isLoaded(node, pods, peers));
    print('All in the kernel', figures(stack));
    await sleep(SETTLED_AFTER_MS);
    print(`${SETTLED_AFTER_MS / 1_000} s later, no collection asked for`, figures(stack));
  });
}

/** Every other one: neighbours would be one range. */
const addressOf = (peer: number): string => `198.18.${(2 * peer) >> 8}.${(2 * peer) & 255}`;

async function makePeers({ api }: BenchStack, count: number): Promise<void> {
  const labels = await Promise.all([
    labelled(api, 'app', NAMESPACE),
    labelled(api, 'env', 'demo'),
    labelled(api, 'role', 'client'),
  ]);
  const peers = Array.from({ length: count }, (_, n) => ({
    name: `peer-${n}`,
    interfaces: [{ name: 'eth0', address: addressOf(n) }],
    labels: labels.map(({ label }) => label),
  }));
  for (let from = 0; from < count; from += AT_ONCE)
    await api.put('/workloads/bulk_create', peers.slice(from, from + AT_ONCE));
}

/** The last peer is in as many tables as there are Pods. */
async function isLoaded(node: SandboxNode, pods: number, peers: number): Promise<boolean> {
  const last = new RegExp(`\\b${addressOf(peers - 1).replaceAll('.', '\\.')}\\b`);
  let loaded = 0;
  for (const netns of podNamespacesOn(node)) if (last.test(await policyIn(netns))) loaded += 1;
  return loaded >= pods;
}

function figures({ nodes, processes }: BenchStack): Figure[] {
  return nodes.flatMap(({ name }) => {
    const tree = residentTree(processes.get(`cven-${name}`).pid ?? 0);
    const sum = (of: typeof tree): string => {
      const [resident, proportional] = (['resident', 'proportional'] as const).map((which) =>
        of.reduce((all, each) => all + each[which], 0).toFixed(0),
      );
      return `${resident} (${proportional})`;
    };
    return [
      { what: `${name}: agent`, value: sum(tree.slice(0, 1)) },
      { what: `${name}: helper`, value: sum(tree.slice(1)) },
      { what: `${name}: together, shared pages once`, value: residentTogether(tree).toFixed(0) },
    ];
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
