/** bench: from the kill of an agent until it is ready again and a change of policy is in its Pods; --busy keeps all cores busy beside it (root; --quick, --pods) */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { SandboxNode } from '@ringfence/up';
import { whileBusy } from './busy.js';
import { makePods } from './convergence-rate.js';
import { PORT, withBenchStack } from './convergence-stack.js';
import type { BenchStack } from './convergence-stack.js';
import { podNamespacesOn, policyIn } from './kernel-table.js';
import { print, spread } from './measure.js';

const TARGET = 'target: 5 s on a quiet machine, 15 s with all cores busy';
const LOOK_EVERY_MS = 50;
const WITHIN_MS = 180_000;

interface Round {
  readonly ready: number;
  readonly enforced: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      busy: { type: 'boolean', default: false },
      pods: { type: 'string', default: '20' },
    },
  });
  const [pods, rounds] = [Number(values.pods), values.quick ? 2 : 6];
  await withBenchStack(async (stack) => {
    await makePods(stack, pods, 'client');
    await whileBusy(values.busy, () => measure(stack, { pods, rounds, isBusy: values.busy }));
    print('Memory (resident, with children)', stack.agentMemory());
  });
}

interface Shape {
  readonly pods: number;
  readonly rounds: number;
  readonly isBusy: boolean;
}

async function measure(stack: BenchStack, { pods, rounds, isBusy }: Shape): Promise<void> {
  console.log(
    `${new Date().toISOString().slice(0, 16)}Z, ${pods} Pods on ${stack.nodes.length} nodes in full mode${isBusy ? ', all cores busy' : ''}`,
  );
  console.log(
    `an agent is killed and started at once; meanwhile a rule's port is changed and provisioned; ${TARGET}\n`,
  );
  const all: Round[] = [];
  for (let round = 0; round < rounds; round += 1)
    all.push(await restart(stack, stack.nodes[round % stack.nodes.length]!, PORT + 1 + round));
  print(`${rounds} kills, from the kill`, [
    { what: 'until the agent is ready again', value: spread(all.map(({ ready }) => ready)) },
    {
      what: 'until the change is in every Pod of its node',
      value: spread(all.map(({ enforced }) => enforced)),
    },
  ]);
}

async function restart(stack: BenchStack, node: SandboxNode, port: number): Promise<Round> {
  const pods = await concernedOn(node);
  const agent = stack.processes.get(`cven-${node.name}`);
  const begun = performance.now();
  agent.kill('SIGKILL');
  await when('the agent is gone', begun, () => !agent.isRunning);
  agent.start();
  const [ready, enforced] = await Promise.all([
    agent.ready().then(() => performance.now() - begun),
    changePort(stack, port).then(() => inAll(pods, port, begun)),
  ]);
  return { ready, enforced };
}

/** Namespaces whose table names the port of the rule. */
async function concernedOn(node: SandboxNode): Promise<string[]> {
  const named: string[] = [];
  for (const netns of podNamespacesOn(node)) if (/mode=full/.test(await policyIn(netns))) named.push(netns);
  if (named.length === 0) throw new Error(`no Pod of ${node.name} is enforced`);
  return named;
}

async function changePort({ api, rule }: BenchStack, port: number): Promise<void> {
  await api.put(rule, { ingress_services: [{ proto: 6, port }] });
  await api.post('/sec_policy', { update_description: `bench ${port}` });
}

async function inAll(pods: readonly string[], port: number, begun: number): Promise<number> {
  for (const netns of pods)
    await when(`port ${port} is in ${netns}`, begun, async () =>
      new RegExp(`\\b${port}\\b`).test(await policyIn(netns)),
    );
  return performance.now() - begun;
}

async function when(what: string, begun: number, look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) {
    if (performance.now() - begun > WITHIN_MS) throw new Error(`not within ${WITHIN_MS / 1_000} s: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
