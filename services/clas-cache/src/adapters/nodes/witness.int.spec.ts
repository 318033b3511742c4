import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { eventually } from '@ringfence/testing';
import { isAnswering } from '@ringfence/service-host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ActorStore } from '../../domain/actor-store.js';
import { AT, catalogue, CLUSTER, node, pod, tellLists, tellPolicy } from '../../testing/facts.js';
import { seenFromOutside } from './witness.js';

const HERE = '10.83.77.1';
const THERE = '10.83.77.2';
const [OPEN, UNUSED, CLOSED] = [2222, 2223, 2224];
const id = randomBytes(3).toString('hex');
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

describe('a node, seen from outside', () => {
  let store: ActorStore;
  let listening: ChildProcess;

  beforeAll(async () => {
    ip('netns', 'add', `rfw-${id}`);
    ip('link', 'add', `rfw${id}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `rfw-${id}`);
    ip('address', 'add', `${HERE}/30`, 'dev', `rfw${id}`);
    ip('link', 'set', `rfw${id}`, 'up');
    ip('-n', `rfw-${id}`, 'address', 'add', `${THERE}/30`, 'dev', 'eth0');
    ip('-n', `rfw-${id}`, 'link', 'set', 'eth0', 'up');
    const drop = `table ip own { chain in { type filter hook input priority 0; tcp dport ${CLOSED} drop; }; }`;
    execFileSync('nsenter', [`--net=/run/netns/rfw-${id}`, 'nft', drop]);
    const script = `for (const port of [${OPEN}, ${CLOSED}]) require('node:net').createServer().listen(port, '${THERE}')`;
    listening = spawn('nsenter', [`--net=/run/netns/rfw-${id}`, process.execPath, '-e', script]);
    await eventually(() => isAnswering({ address: THERE, port: OPEN }, 500), Boolean);
    store = new ActorStore({ cluster: CLUSTER, readinessTimerSeconds: 15 });
    store.observe('node', node('node-1', { addresses: [THERE] }));
    store.observe('node', node('node-2', { addresses: ['169.254.1.1', '127.0.0.1'] }));
  });
  afterAll(() => {
    listening?.kill('SIGKILL');
    ip('netns', 'del', `rfw-${id}`);
  });

  it('is dialled where Kubernetes says that it is, and what answers is told, with whom it has seen', async () => {
    const seen = await seenFromOutside(store, 'node-1', [OPEN, UNUSED, CLOSED]);
    expect(seen).toEqual({ from: [HERE], reached: [OPEN, UNUSED] });
  });

  it('is not dialled at an address that is everybody’s, or when nobody knows it', async () => {
    expect(await seenFromOutside(store, 'node-2', [OPEN])).toEqual({ from: [], reached: [] });
    expect(await seenFromOutside(store, 'node-3', [OPEN])).toEqual({ from: [], reached: [] });
  });

  it('may have seen the node that hides us, where we run in a Pod; on our own we are not outside', async () => {
    store.observe('node', node('node-4', { addresses: ['10.83.78.4'] }));
    store.observe('pod', pod('clas-cache', 1, { node: 'node-4', addresses: [HERE] }));
    store.told('labels', '', catalogue);
    store.told('node', 'n4', { node: 'node-4', workload: 'w', labels: [], mode: 'full' });
    tellPolicy(store, {});
    tellLists(store);
    store.caughtUp();
    store.settle(Date.parse(AT));
    expect(await seenFromOutside(store, 'node-1', [OPEN])).toEqual({
      from: [HERE, '10.83.78.4'],
      reached: [OPEN],
    });
    expect(await seenFromOutside(store, 'node-4', [OPEN])).toEqual({ from: [], reached: [] });
  });
});
