/** Finding Pods at a real containerd: before anything runs in them, whatever was missed, and that they are gone. */
import { eventually } from '@ringfence/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startContainerdNode } from '../../testing/containerd-node.js';
import type { ContainerdNode } from '../../testing/containerd-node.js';
import { PodRuntimeClient } from './pod-runtime.client.js';
import type { FoundSandbox } from './sandbox-record.js';

describe('the container runtime', () => {
  let node: ContainerdNode;
  const clients: PodRuntimeClient[] = [];
  beforeAll(async () => {
    node = await startContainerdNode();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await node.close();
  });

  const watch = () => {
    const found = new Map<string, FoundSandbox & { at: number }>();
    const gone = new Map<string, number>();
    const states: (true | string)[] = [];
    const client = new PodRuntimeClient({
      socket: node.socket,
      onAppear: (sandbox) =>
        found.set(sandbox.id, { ...sandbox, at: found.get(sandbox.id)?.at ?? performance.now() }),
      onGone: (id) => gone.set(id, performance.now()),
      onState: (state) => states.push(state),
      onError: () => undefined,
      relistMs: 100,
    });
    clients.push(client);
    client.start();
    return { found, gone, states };
  };

  it('tells of a sandbox with its namespace and address before RunPodSandbox has returned, and of its end at once', async () => {
    const { found, gone, states } = watch();
    await eventually(() => states.includes(true));
    // The first event is the proof that the subscription stands: the server says nothing before.
    const first = await node.run('shop', 'first');
    await eventually(() => found.has(first.id));
    await node.stop(first);
    const sandbox = await node.run('shop', 'web-1');
    const returned = performance.now();
    const seen = await present(() => found.get(sandbox.id));
    expect(seen).toMatchObject({ podUid: sandbox.uid, namespace: 'shop', name: 'web-1' });
    expect(seen.netns).toContain('/netns/cni-');
    expect(seen.at).toBeLessThan(returned);
    const { addresses } = (await eventually(
      () => found.get(sandbox.id),
      (each) => (each?.addresses.length ?? 0) > 0,
    )) ?? { addresses: [] };
    expect(addresses[0]).toMatch(/^10\.251\.0\./);
    const stopping = performance.now();
    await node.stop(sandbox);
    expect((await present(() => gone.get(sandbox.id))) - stopping).toBeLessThan(1000);
  });

  it('lists those that were there before it came, the same as an event tells them, and none on the host network without saying so', async () => {
    const sandbox = await node.run('shop', 'web-2');
    const onHost = await node.run('shop', 'agent', { hostNetwork: true });
    const { found } = watch();
    const seen = await present(() => found.get(sandbox.id));
    expect(seen).toMatchObject({ podUid: sandbox.uid, namespace: 'shop', name: 'web-2' });
    expect(seen.netns).toContain('/netns/cni-');
    expect((await present(() => found.get(onHost.id))).netns).toBeNull();
    for (const each of [sandbox, onHost]) await node.stop(each);
  });

  it('keeps a sandbox that is being made while lists do not show it, and hears of its addresses when it is whole', async () => {
    const { found, gone, states } = watch();
    await eventually(() => states.includes(true));
    const before = new Set(found.keys());
    const letGo = node.holdStarts();
    const running = node.run('shop', 'slow');
    const [id = ''] = await eventually(
      () => [...found.keys()].filter((each) => !before.has(each)),
      (added) => added.length > 0,
    );
    // At least one list has begun since.
    const lists = states.length;
    await eventually(() => states.length >= lists + 2);
    expect([...gone.keys()]).not.toContain(id);
    letGo();
    const sandbox = await running;
    expect(sandbox.id).toBe(id);
    await eventually(() => (found.get(id)?.addresses.length ?? 0) > 0);
    expect([...gone.keys()]).not.toContain(id);
    await node.stop(sandbox);
    await eventually(() => gone.has(id));
  });

  it('finds by the next list what ended and what was made while containerd was away', async () => {
    const { found, gone, states } = watch();
    const ends = await node.run('shop', 'ends');
    const stays = await node.run('shop', 'stays');
    await eventually(() => found.has(ends.id) && found.has(stays.id));
    const pid = node.processOf(ends);
    await node.restart(() => process.kill(pid, 'SIGKILL'));
    states.length = 0;
    await eventually(() => gone.has(ends.id));
    expect(gone.has(stays.id)).toBe(false);
    const late = await node.run('shop', 'late');
    await eventually(() => found.has(late.id));
    for (const each of [ends, stays, late]) await node.stop(each);
    await eventually(() => gone.has(stays.id) && gone.has(late.id));
  });
});

async function present<T>(look: () => T | undefined): Promise<T> {
  const value = await eventually(look);
  if (value === undefined) throw new Error('it never came');
  return value;
}
