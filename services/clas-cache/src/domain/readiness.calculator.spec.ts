import { beforeEach, describe, expect, it } from 'vitest';
import type { PodReadiness } from '@ringfence/contracts';
import { AgentBook } from './agent-book.js';
import type { AgentWords } from './agent-book.js';
import { Readiness, readinessTimer } from './readiness.calculator.js';
import type { AwaitedPod } from './readiness.calculator.js';

const pod: AwaitedPod = {
  uid: 'p1',
  namespace: 'shop',
  name: 'web-1',
  isManaged: true,
  gates: ['com.illumio.policy-ready'],
  timerMs: 15_000,
  hasAddress: true,
  observedAt: 0,
  isNews: true,
};
/** Which nodes know the Pod, and since which revision. */
let span: Map<string, number>;
let readiness: Readiness;
let agents: AgentBook;
beforeEach(() => {
  agents = new AgentBook();
  span = new Map([
    ['home', 5],
    ['peer', 5],
  ]);
  readiness = new Readiness(
    {
      span: () => [...span].map(([node, since]) => ({ node, since })),
      knownSince: (node) => span.get(node),
      nodeOf: () => 'home',
      ownRulesSince: () => span.get('home'),
      isPolicyKnown: () => true,
    },
    agents,
  );
});
const says = (words: AgentWords, at: number): void => {
  agents.acked(words, at);
  readiness.agentSpoke(words.node);
};
const ack = (node: string, revision: number, at: number, pods: string[] = []): void =>
  says({ node, revision, pods, failed: [] }, at);
const told = (now: number): PodReadiness | undefined => readiness.evaluate(now).told[0];

describe('a Pod with a readiness gate', () => {
  it('waits for its own rules, however long', () => {
    readiness.setPod(pod);
    expect(told(0)).toMatchObject({ ready: false, reason: 'PolicyPending' });
    ack('peer', 9, 100_000);
    expect(readiness.evaluate(100_000).told).toEqual([]);
  });

  it('is told of once more when that was lost, also long after it was ready', () => {
    readiness.setPod(pod);
    for (const node of span.keys()) ack(node, 5, 10, ['p1']);
    const ready = told(10);
    expect(ready).toMatchObject({ ready: true });
    expect(told(2_000)).toBeUndefined();
    readiness.sayAgain();
    expect(told(4_000)).toEqual(ready);
    expect(told(6_000)).toBeUndefined();
  });

  it('is ready when its own rules are in and every agent that knows it has acknowledged that', () => {
    readiness.setPod(pod);
    ack('home', 5, 10, ['p1']);
    ack('peer', 4, 10);
    expect(told(10)).toMatchObject({ ready: false, message: 'waiting for peer' });
    ack('peer', 5, 40);
    const {
      told: [last],
      converged,
    } = readiness.evaluate(40);
    expect(last).toMatchObject({ ready: true, reason: 'PolicyReady' });
    expect(converged.map(({ seconds }) => seconds.total)).toEqual([0.04]);
  });

  it('opens within a second of the bound with another reason, counted from when its own rules were in', () => {
    readiness.setPod(pod);
    ack('home', 5, 60_000, ['p1']);
    for (const now of [60_000, 70_000, 74_999]) {
      ack('peer', 4, now);
      agents.heard('home', now);
      expect(readiness.evaluate(now).told.every((one) => !one.ready)).toBe(true);
    }
    expect(told(76_000)).toMatchObject({ ready: true, reason: 'PolicyReadyTimeout' });
  });

  it('leaves out agents that were not heard for 15 seconds, and names them', () => {
    readiness.setPod(pod);
    ack('peer', 4, 0);
    ack('home', 5, 16_000, ['p1']);
    expect(told(16_000)).toMatchObject({
      ready: true,
      reason: 'PolicyReady',
      message: 'in force here and at every peer; disconnected and left out: peer',
    });
  });

  it('says why its own rules are not in', () => {
    readiness.setPod(pod);
    says(
      { node: 'home', revision: 5, pods: [], failed: [{ pod: 'p1', token: 'x', message: 'no such netns' }] },
      0,
    );
    expect(told(0)?.message).toContain('no such netns');
  });

  it('stays ready once it was, also over a restart', () => {
    readiness.restore({
      ...pod,
      podUid: 'p1',
      ready: true,
      reason: 'PolicyReady',
      message: '',
      gates: [...pod.gates],
    });
    readiness.setPod(pod);
    expect(readiness.evaluate(0).told).toEqual([]);
  });

  it('is ready at once where no policy applies', () => {
    readiness.setPod({ ...pod, isManaged: false, timerMs: 0 });
    expect(told(0)).toMatchObject({ ready: true, reason: 'PolicyReady' });
  });

  it('does not wait for its peers when its timer is 0', () => {
    readiness.setPod({ ...pod, timerMs: 0 });
    ack('peer', 4, 10);
    ack('home', 5, 10, ['p1']);
    expect(told(10)).toMatchObject({ ready: true, reason: 'PolicyReadyTimeout' });
  });

  it('is withdrawn when the Pod is gone', () => {
    readiness.setPod(pod);
    told(0);
    expect(readiness.removePod('p1')).toBe(true);
    expect(readiness.removePod('p1')).toBe(false);
  });
});

describe('convergence', () => {
  it('is measured for Pods without a gate too, once', () => {
    readiness.setPod({ ...pod, gates: [] });
    ack('home', 5, 20, ['p1']);
    ack('peer', 5, 30);
    const { uid, namespace, name } = pod;
    const seconds = { address: 0.03, own: 0, peers: 0, total: 0.03 };
    expect(readiness.evaluate(30)).toEqual({ told: [], converged: [{ uid, namespace, name, seconds }] });
    readiness.setPod({ ...pod, gates: [] });
    expect(readiness.evaluate(50)).toEqual({ told: [], converged: [] });
  });

  it('says where the time went: address, own rules, peers', () => {
    ack('peer', 4, 0);
    readiness.setPod({ ...pod, hasAddress: false });
    readiness.evaluate(100);
    readiness.setPod(pod);
    readiness.evaluate(200);
    ack('home', 5, 230, ['p1']);
    readiness.evaluate(230);
    ack('peer', 5, 260);
    const [converged] = readiness.evaluate(260).converged;
    expect(converged?.seconds).toEqual({ address: 0.2, own: 0.03, peers: 0.06, total: 0.26 });
  });

  it('has not happened while nobody can know the address', () => {
    readiness.setPod({ ...pod, hasAddress: false });
    ack('home', 5, 20, ['p1']);
    ack('peer', 5, 20);
    expect(readiness.evaluate(20)).toMatchObject({
      told: [{ ready: false, message: 'the address of this Pod is not known yet' }],
      converged: [],
    });
  });

  it('is not measured for Pods that were there before', () => {
    readiness.setPod({ ...pod, isNews: false });
    ack('home', 5, 20, ['p1']);
    ack('peer', 5, 20);
    expect(readiness.evaluate(20)).toMatchObject({ told: [{ ready: true }], converged: [] });
  });
});

describe('the timer of a Pod', () => {
  it.each([
    ['0', { seconds: 0 }],
    ['300', { seconds: 300 }],
    ['301', { refused: '301' }],
    ['-1', { refused: '-1' }],
    ['soon', { refused: 'soon' }],
  ])('%s is read as %j', (value, expected) => {
    expect(readinessTimer({ 'com.illumio.readiness-gate-timer': value })).toEqual(expected);
  });

  it('under our own prefix wins', () => {
    const annotations = { 'com.illumio.readiness-gate-timer': '9', 'ringfence.io/readiness-gate-timer': '3' };
    expect(readinessTimer(annotations)).toEqual({ seconds: 3 });
    expect(readinessTimer({})).toEqual({});
  });
});
