import { askAsNode, nodeInbox } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { CALLS, ClusterAnswer, subjects } from '@ringfence/contracts';
import { askForView } from '@ringfence/edge';
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { publishPolicy } from './testing/control-plane.js';
import { CLUSTER, WEB } from './testing/facts.js';
import { machineOf, openSecuredCluster, tellLists } from './testing/secured-cluster.js';
import type { SecuredCluster } from './testing/secured-cluster.js';

let secured: SecuredCluster;
let control: Bus;

beforeAll(async () => {
  secured = await openSecuredCluster();
  ({ control } = secured);
});
afterAll(() => secured.close());

describe('with credentials on both servers', () => {
  it('brings observations up, policy down and each node its own view, and no more', async () => {
    await publishPolicy(control, 1);
    await tellLists(await secured.kubelink());
    await eventually(() => secured.isReady());

    const agent = await secured.cven('node-1');
    const { units } = await askForView(agent, 'node-1');
    expect(units.upsert.map((unit) => unit.labelSet.id)).toEqual([WEB.id]);
    await expect(
      agent.call(CALLS.nodeSnapshot, { node: 'node-2' }, { suffix: 'node-2', deadlineMs: 500 }),
    ).rejects.toThrow();
    await expect(
      agent.call(CALLS.nodeSnapshot, { node: 'node-2' }, { suffix: 'node-1' }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });

    const arrived = new Set<string>();
    await control.latest('OBSERVATIONS', `obs.${CLUSTER}.*.*`, ({ subject }) => void arrived.add(subject));
    await eventually(() => arrived.has(subjects.observation(CLUSTER, 'workload', 'web-owner')));
    expect([...arrived].some((subject) => subject.includes('.pod.'))).toBe(false);
  });

  it('answers what the control plane asks of this cluster, on a subject that the asker alone chose', async () => {
    const answers: unknown[] = [];
    const listening = control.subscribe(subjects.answer(CLUSTER, 't1'), ({ payload }) => {
      answers.push(ClusterAnswer.parse(payload));
    });
    control.send(subjects.question(CLUSTER, 't0'), { from: 'no question' });
    control.send(subjects.question(CLUSTER, 't1'), {
      from: 'shop/web-1',
      to: '10.244.1.9',
      port: 80,
      proto: 6,
    });
    await eventually(() => answers.length === 1);
    expect(answers[0]).toMatchObject({ kind: 'judged', egress: { name: 'shop/web-1', verdict: 'blocked' } });
    listening.close();
  });

  it('asks for another credential where the control server does not take its own any more', async () => {
    const pulses: unknown[] = [];
    const reader = await control.latest('ACKS', subjects.pulse(CLUSTER), ({ seq }) => void pulses.push(seq));
    await eventually(() => pulses.length > 0);
    await secured.revokeUplink();
    const before = pulses.length;
    await eventually(() => pulses.length > before + 1);
    await reader.close();
  });

  it('cuts a node off that floods, while what another says still arrives', async () => {
    const machine = machineOf('node-3');
    const desk = secured.desk();
    const flooder = await secured.connectAs(() => askAsNode(desk, machine), nodeInbox, { seed: desk.seed });
    const other = await secured.cven('node-2');
    const acked: number[] = [];
    const reader = await control.latest(
      'FLOWS',
      subjects.decorated(CLUSTER, 'node-2'),
      () => void acked.push(1),
    );
    const flood = setInterval(() => {
      for (let i = 0; i < 1_000 && flooder.isConnected(); i += 1)
        flooder.send(subjects.flow(CLUSTER, 'node-3'), {});
    }, 10);
    onTestFinished(() => clearInterval(flood));
    const at = new Date().toISOString();
    await other.publish(subjects.flow(CLUSTER, 'node-2'), {
      ...{ id: 'node-2/b/1', node: 'node-2', revision: 1, policyVersion: 1, from: at, to: at },
      ...{ overflow: 0, reporters: [] },
    });
    await eventually(() => acked.length === 1);
    await eventually(() => !flooder.isConnected());
    clearInterval(flood);
    expect(other.isConnected()).toBe(true);
    await expect(askAsNode(desk, machine)).rejects.toThrow('said far more than its share');
    const metrics = await (await fetch(`${secured.clas().managementUrl}/metrics`)).text();
    expect(metrics).toMatch(/clas_cache_refused_claims_total{[^}]*claim="quota"[^}]*} \d+/);
    await reader.close();
  });
});
