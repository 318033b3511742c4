/** bench: memory of the services before, while and after a node and a cluster with stolen credentials flood them (root; --quick) */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { until } from './convergence-rate.js';
import { withBenchStack } from './convergence-stack.js';
import type { BenchStack } from './convergence-stack.js';
import { clusterVolley, credentialOfCluster, credentialOfNode, flood, nodeVolley } from './flood-attack.js';
import type { Said } from './flood-attack.js';
import { print } from './measure.js';
import { collectGarbage, memoryOf, waitingFor } from './process-memory.js';
import type { Memory } from './process-memory.js';

const SERVICES = ['clas-cache', 'inventory', 'label-resolver', 'policy-compute', 'flow-ingest'] as const;
const SETTLE_MS = 10_000;
const AFTER_MS = 60_000;
const LOOK_EVERY_MS = 1_000;
const READ_WITHIN_MS = 900_000;
const NOTHING: Memory = { resident: Number.NaN, heap: Number.NaN, external: Number.NaN };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --inspect-port=0`;
  const volleys = values.quick ? 10 : 30;
  await withBenchStack((stack) => measure(stack, volleys));
}

async function measure(stack: BenchStack, volleys: number): Promise<void> {
  await sleep(SETTLE_MS);
  const before = await all(stack);
  const node = stack.nodes.at(-1)?.name ?? '';
  const ofNode = credentialOfNode(stack.directory, stack.clusterId, node);
  const ofCluster = await credentialOfCluster(stack.api, stack.gatewayUrl);
  const peaks = peaksOf(stack);
  const begun = performance.now();
  const [byNode, byCluster] = await Promise.all([
    flood(ofNode, nodeVolley(ofNode.cluster, node), volleys),
    flood(ofCluster, clusterVolley(ofCluster.cluster), volleys),
  ]);
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, ${((performance.now() - begun) / 1_000).toFixed(0)} s; a node: ${words(byNode)}; a cluster: ${words(byCluster)}\n`,
  );
  await until('everything is read', READ_WITHIN_MS, () => isRead(stack));
  await sleep(AFTER_MS);
  const after = await all(stack);
  const peak = peaks.end();
  for (const name of SERVICES) await collectGarbage(stack.processes.get(name));
  await sleep(SETTLE_MS);
  const held = await all(stack);
  const title = 'MB resident (heap in use + outside of it)';
  for (const name of SERVICES)
    print(`${name}: ${title}`, [
      { what: 'before', value: say(before.get(name)) },
      { what: 'at most', value: `${(peak.get(name) ?? 0).toFixed(0)}` },
      { what: `${AFTER_MS / 1_000} s after the last was read`, value: say(after.get(name)) },
      { what: 'after a full collection', value: say(held.get(name)) },
    ]);
}

async function isRead({ processes }: BenchStack): Promise<boolean> {
  const waiting = await Promise.all(SERVICES.map((name) => waitingFor(processes.get(name))));
  return waiting.every((messages) => messages === 0);
}

const words = ({ messages, bytes }: Said): string => `${messages} messages, ${(bytes / 1e6).toFixed(0)} MB`;

function say(memory = NOTHING): string {
  return `${memory.resident.toFixed(0)} (${memory.heap.toFixed(0)} + ${memory.external.toFixed(0)})`;
}

async function all({ processes }: BenchStack): Promise<Map<string, Memory>> {
  const found = new Map<string, Memory>();
  for (const name of SERVICES) found.set(name, (await memoryOf(processes.get(name))) ?? NOTHING);
  return found;
}

function peaksOf(stack: BenchStack): { end(): ReadonlyMap<string, number> } {
  const peaks = new Map<string, number>();
  const look = (): void => {
    for (const name of SERVICES) peaks.set(name, Math.max(peaks.get(name) ?? 0, stack.memory(name)));
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    end: () => {
      clearInterval(timer);
      return peaks;
    },
  };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
