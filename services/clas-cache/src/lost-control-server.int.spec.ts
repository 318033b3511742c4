/** What the control plane's NATS keeps on its disk is lost while clas-cache runs: nobody in the cluster may notice. */
import type { Bus } from '@ringfence/bus';
import { NodeViewMessage, parseSubject, subjects } from '@ringfence/contracts';
import type { CommitRecord, NodeView } from '@ringfence/contracts';
import { askForView, viewOf } from '@ringfence/edge';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policyOf, publishPolicy } from './testing/control-plane.js';
import { CLUSTER, WEB } from './testing/facts.js';
import { openSecuredCluster, tellLists } from './testing/secured-cluster.js';
import type { SecuredCluster } from './testing/secured-cluster.js';

let secured: SecuredCluster;
let agent: Bus;
const told: NodeView[] = [];

const view = (): Promise<NodeView> => askForView(agent, 'node-1');
const units = async (): Promise<string[]> => (await view()).units.upsert.map(({ labelSet }) => labelSet.id);
const missing = async (): Promise<string> => {
  const answer = await fetch(`${secured.clas().managementUrl}/readyz`);
  return ((await answer.json()) as { missing: string[] }).missing.join('; ');
};

beforeAll(async () => {
  secured = await openSecuredCluster();
  // As after a long life: numbers of flushes begin again when the stream does.
  await publishPolicy(secured.control, 500);
  await tellLists(await secured.kubelink());
  await eventually(() => secured.isReady());
  agent = await secured.cven('node-1');
  agent.subscribe(subjects.nodeView(CLUSTER, 'node-1'), ({ payload }) => {
    told.push(viewOf(NodeViewMessage.parse(payload))!);
  });
  expect(await units()).toEqual([WEB.id]);
});
afterAll(() => secured.close());

describe("a control plane's server that lost what it kept", () => {
  it('takes nothing out of force, neither while it is empty nor while policy is told in part', async () => {
    await secured.controlNats.loseDisk();
    await secured.remindControl();
    const commit = subjects.commit(CLUSTER);
    const web = policyOf(1).filter(({ subject }) => /\.(unit|list)\./.test(subject));
    await secured.control.publishMany(web.slice(0, 2));
    const closing = policyOf(1).find(({ subject }) => subject === commit)!.payload as CommitRecord;
    await secured.control.publish(commit, closing);
    await eventually(missing, (words) => words.includes('flush 1 is not whole'));
    expect(await units()).toEqual([WEB.id]);
    expect(told.flatMap((each) => each.units.remove)).toEqual([]);
  });

  it('is followed again as soon as all of it is told, under numbers that are lower than before', async () => {
    await publishPolicy(secured.control, 2);
    await eventually(async () => (await view()).policyVersion === 2 && (await secured.isReady()));
    expect(await units()).toEqual([WEB.id]);
    expect(told.flatMap((each) => each.units.remove)).toEqual([]);
  });

  it('hears again what it had heard of the cluster', async () => {
    const kinds = new Set<string>();
    const reader = await secured.control.latest(
      'OBSERVATIONS',
      `obs.${CLUSTER}.*.*`,
      ({ subject }) => void kinds.add(parseSubject(subject).kind),
    );
    await eventually(() => ['node', 'workload', 'list'].every((kind) => kinds.has(kind)));
    await reader.close();
  });
});
