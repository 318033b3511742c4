import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EnforcementMode } from '@ringfence/contracts';
import { AgentBook, DISCONNECTED_AFTER_MS } from './agent-book.js';
import { EnforcementTracker, TOLD_AFTER_MS } from './enforcement.calculator.js';
import type { EnforcedPlace, NodeStanding } from './enforcement.calculator.js';

const START = Date.parse('2026-11-20T12:00:00.000Z');
const SECOND = 1_000;
const pod = (id: string, node = 'node-1'): EnforcedPlace => ({
  ...{ id, node, isPod: true, workload: 'w1', namespace: 'shop', name: id },
});

interface Asked {
  readonly modes: Map<string, EnforcementMode>;
  readonly sandboxes: Set<string>;
  readonly unpaired: Set<string>;
  readonly missedJudges: Set<string>;
}
const nothingAsked = (): Asked => ({
  ...{ modes: new Map(), sandboxes: new Set(), unpaired: new Set(), missedJudges: new Set() },
});
const lookupOf = ({ modes, sandboxes, unpaired, missedJudges }: Asked) => ({
  asked: (id: string) => modes.get(id),
  hasSandbox: (id: string) => sandboxes.has(id),
  isUnpaired: (node: string) => unpaired.has(node),
  isMissedAsJudge: (node: string) => missedJudges.has(node),
});

let asked: Asked;
let agents: AgentBook;
let enforcement: EnforcementTracker;
let now: number;
beforeEach(() => {
  asked = nothingAsked();
  agents = new AgentBook();
  agents.listensSince(START);
  enforcement = new EnforcementTracker(lookupOf(asked), agents);
  now = START;
  asked.modes.set('p1', 'full');
  asked.sandboxes.add('p1');
  enforcement.setPlace(pod('p1'), now);
  enforcement.told('node-1', 5, now);
});
const acks = (revision: number, pods: string[], more: object = {}): void => {
  agents.acked({ node: 'node-1', revision, pods, failed: [], ...more }, now);
  enforcement.agentSpoke('node-1');
};
const after = (seconds: number): NodeStanding[] => {
  now += seconds * SECOND;
  return enforcement.evaluate(now);
};

describe('a place', () => {
  it('is in force when its node has acknowledged what it was told, and names it', () => {
    acks(5, ['p1']);
    expect(after(0)).toMatchObject([{ node: 'node-1', places: 1, count: 0 }]);
    expect(enforcement.notInForce('p1')).toBeUndefined();
  });

  it('is told to be not in force when its node has not acknowledged it for 5 s, since when it was told', () => {
    acks(4, ['p1']);
    expect(after(4)).toEqual([]);
    expect(after(1)).toMatchObject([{ count: 1 }]);
    expect(enforcement.notInForce('p1')).toMatchObject({
      ...{ id: 'p1', asked: 'full', inForce: null, token: 'not_acknowledged' },
      since: '2026-11-20T12:00:00.000Z',
    });
    acks(5, ['p1']);
    expect(after(0)).toMatchObject([{ count: 0, notInForce: [] }]);
  });

  it.each([['in idle', 'idle'] as const, ['that nobody has paired', undefined]])(
    'is a node %s too, when Pods are to be reached through it and it does not judge',
    (_, mode) => {
      const node = { ...{ id: 'node-2', node: 'node-2', name: 'node-2' }, isPod: false } as const;
      enforcement.setPlace({ ...node, workload: null, namespace: null }, now);
      if (mode !== undefined) asked.modes.set('node-2', mode);
      expect(after(10)).toContainEqual({ node: 'node-2', places: 1, count: 0, notInForce: [] });
      asked.missedJudges.add('node-2');
      after(4);
      expect(enforcement.notInForce('node-2')).toBeUndefined();
      after(1);
      expect(enforcement.notInForce('node-2')).toMatchObject({
        ...{ asked: 'idle', inForce: mode ?? null, token: 'node_does_not_judge' },
        since: '2026-11-20T12:00:10.000Z',
      });
      asked.missedJudges.clear();
      expect(after(1)).toContainEqual({ node: 'node-2', places: 1, count: 0, notInForce: [] });
    },
  );

  it('is told at once where the node itself says so, in its words and since when it says', () => {
    const since = new Date(START - 3 * SECOND).toISOString();
    const words = {
      id: 'p1',
      asked: 'full',
      inForce: 'idle',
      token: 'kernel_refused',
      message: 'no such set',
      since,
    };
    acks(5, ['p1'], { notInForce: [words] });
    after(0);
    expect(enforcement.notInForce('p1')).toMatchObject(words);
    acks(5, [], { failed: [{ pod: 'p1', token: 'unknown_group', message: 'nobody told it' }] });
    after(0);
    expect(enforcement.notInForce('p1')).toMatchObject({ token: 'unknown_group', since });
  });

  it('is told when its node goes silent, with the mode that was in force last and since when it was heard', () => {
    acks(5, ['p1']);
    after(0);
    expect(after(15)).toEqual([]);
    after(1);
    expect(enforcement.notInForce('p1')).toMatchObject({
      ...{ token: 'node_silent', inForce: 'full', since: '2026-11-20T12:00:00.000Z' },
      message:
        'node-1 has not been heard since 2026-11-20T12:00:00.000Z; its last rules stay in the kernel, nobody checks them',
    });
    // It is back, and has not acknowledged what it was told meanwhile: still the same gap.
    enforcement.told('node-1', 6, now);
    agents.heard('node-1', now);
    after(1);
    expect(enforcement.notInForce('p1')).toMatchObject({
      token: 'not_acknowledged',
      since: '2026-11-20T12:00:00.000Z',
    });
  });

  it('says of a Pod without a sandbox that none was seen, and of one on a node without an agent that there is none', () => {
    acks(5, []);
    asked.sandboxes.clear();
    after(6);
    expect(enforcement.notInForce('p1')?.token).toBe('no_sandbox');
    asked.modes.set('p2', 'full');
    enforcement.setPlace(pod('p2', 'node-2'), now);
    agents.heard('node-1', now + 16 * SECOND);
    after(16);
    expect(enforcement.notInForce('p2')?.message).toBe('no agent of node-2 has ever been heard');
  });

  it('asks for nothing in idle mode, unless its node says that something is still there', () => {
    asked.modes.set('p1', 'idle');
    acks(4, []);
    after(20);
    expect(enforcement.notInForce('p1')).toBeUndefined();
  });

  it('is not told by a busy node that is never more than a moment behind', () => {
    acks(5, ['p1']);
    for (let revision = 6; revision < 40; revision += 1) {
      enforcement.told('node-1', revision, now);
      after(1);
      acks(revision - 1, ['p1']);
      after(0);
    }
    expect(enforcement.notInForce('p1')).toBeUndefined();
  });

  it('says nothing new after a start before it is clear: what was said before stands until then', () => {
    agents.heard('node-1', now);
    expect(after(1)).toEqual([]);
    acks(5, ['p1']);
    expect(after(0)).toHaveLength(1);
  });
});

// ---- whatever happens in which order

interface Judged {
  readonly token: string;
  readonly since: number;
  readonly isSure: boolean;
}

/** The same in plain loops: every telling is remembered, everything is looked at each second. */
class Naive {
  readonly asked = nothingAsked();
  readonly places = new Map<
    string,
    { node: string; fineAt: number; told: number | null; hadMode: boolean }
  >();
  readonly tellings: { node: string; revision: number; at: number }[] = [];
  readonly acks = new Map<
    string,
    { revision: number; host: number; pods: readonly string[]; own: ReadonlyMap<string, number> }
  >();
  readonly heard = new Map<string, number>();
  readonly highest = new Map<string, number>();

  judge(id: string, at: number): Judged | null {
    const { node, hadMode } = this.places.get(id)!;
    const mode = this.asked.modes.get(id);
    const since = this.acks.get(node)?.own.get(id);
    const ownWord = since === undefined ? null : { token: 'own_word', since, isSure: true };
    if (mode === undefined) return null;
    if (mode === 'idle' && !hadMode) return ownWord;
    return this.judgeNode(id, at) ?? ownWord ?? this.unproven(id);
  }

  judgeNode(id: string, at: number): Judged | null {
    const { node, fineAt } = this.places.get(id)!;
    if (this.asked.unpaired.has(node)) return { token: 'node_unpaired', since: at, isSure: true };
    const heardAt = this.heard.get(node);
    if (at - Math.max(heardAt ?? START, START) <= DISCONNECTED_AFTER_MS) return null;
    return { token: 'node_silent', since: heardAt ?? fineAt, isSure: true };
  }

  unproven(id: string): Judged | null {
    const { node, fineAt } = this.places.get(id)!;
    const { revision: of, host, pods } = this.acks.get(node) ?? { ...NO_ACK };
    const acked = id === node ? Math.min(of, host) : of;
    const told = this.tellings.filter((one) => one.node === node);
    const open = told.filter((one) => one.revision > (this.highest.get(node) ?? -1));
    if (acked < 0 || told.some((one) => one.revision > acked))
      return { token: 'not_acknowledged', since: open[0]?.at ?? fineAt, isSure: false };
    if (id === node || pods.includes(id)) return null;
    const token = this.asked.sandboxes.has(id) ? 'not_in_kernel' : 'no_sandbox';
    return { token, since: fineAt, isSure: false };
  }

  look(at: number): Map<string, { token: string; since: number }> {
    const told = new Map<string, { token: string; since: number }>();
    for (const [id, place] of this.places) {
      const judged = this.judge(id, at);
      if (judged === null) {
        const mode = this.asked.modes.get(id);
        Object.assign(place, { fineAt: at, told: null, hadMode: mode !== undefined && mode !== 'idle' });
      } else if (judged.isSure || place.told !== null || at - judged.since >= TOLD_AFTER_MS) {
        place.told = Math.min(place.told ?? at, judged.since, at);
        told.set(id, { token: judged.token, since: place.told });
      }
    }
    return told;
  }
}

const NO_ACK = { revision: -1, host: -1, pods: [] as readonly string[] };

type Step = (enforcement: EnforcementTracker, agents: AgentBook, naive: Naive, at: number) => void;
const NODES = ['node-1', 'node-2'];
const PODS = ['p1', 'p2', 'p3'];
const anyNode = fc.constantFrom(...NODES);
const anyPlace = fc.constantFrom(...PODS, ...NODES);
const MODES: readonly (EnforcementMode | undefined)[] = ['full', 'visibility_only', 'idle', undefined];
let revision = 0;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(anyPlace, anyNode, fc.constantFrom(...MODES)).map(([id, node, mode]): Step => {
    const home = NODES.includes(id) ? id : node;
    return (tracked, _agents, naive, at) => {
      tracked.setPlace({ ...pod(id, home), isPod: id !== home }, at);
      const before = naive.places.get(id);
      if (before?.node !== home) naive.places.set(id, { node: home, fineAt: at, told: null, hadMode: false });
      if (mode === undefined) naive.asked.modes.delete(id);
      else naive.asked.modes.set(id, mode);
    };
  }),
  anyPlace.map((id): Step => (tracked, _agents, naive) => {
    tracked.removePlace(id);
    naive.places.delete(id);
  }),
  fc.constantFrom(...PODS).map((id): Step => (_tracked, _agents, naive) => {
    if (!naive.asked.sandboxes.delete(id)) naive.asked.sandboxes.add(id);
  }),
  anyNode.map((node): Step => (_tracked, _agents, naive) => {
    if (!naive.asked.unpaired.delete(node)) naive.asked.unpaired.add(node);
  }),
  fc.tuple(anyNode, fc.boolean()).map(([node, isRepeat]): Step => (tracked, _agents, naive, at) => {
    if (!isRepeat) revision += 1;
    tracked.told(node, revision, at);
    naive.tellings.push({ node, revision, at });
  }),
  anyNode.map((node): Step => (_tracked, book, naive, at) => {
    book.heard(node, at);
    naive.heard.set(node, at);
  }),
  fc
    .tuple(anyNode, fc.nat(2), fc.nat(2), fc.subarray(PODS), fc.option(anyPlace), fc.boolean())
    .map(([node, behind, hostBehind, pods, complains, isFailure]): Step => (tracked, book, naive, at) => {
      const acked = Math.max(1, revision - behind);
      const host = Math.max(1, revision - hostBehind);
      const since = new Date(at - 2 * SECOND).toISOString();
      const word = { token: 'own_word', message: 'as it says' };
      const failed = complains !== null && isFailure ? [{ pod: complains, ...word }] : [];
      const notInForce =
        complains !== null && !isFailure
          ? [{ id: complains, asked: 'full' as const, inForce: null, since, ...word }]
          : [];
      book.acked({ node, revision: acked, hostRevision: host, pods, failed, notInForce }, at);
      tracked.agentSpoke(node);
      naive.heard.set(node, at);
      const sinceOwn = isFailure ? Infinity : at - 2 * SECOND;
      const own = new Map(complains === null ? [] : [[complains, sinceOwn]]);
      naive.acks.set(node, { revision: acked, host, pods, own });
      naive.highest.set(node, Math.max(acked, naive.highest.get(node) ?? -1));
    }),
);

describe('what is not in force', () => {
  it('is what plain loops find, whatever happens in which order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyStep, fc.integer({ min: 1, max: 9 })), { maxLength: 60 }), (steps) => {
        revision = 1;
        const naive = new Naive();
        const book = new AgentBook();
        book.listensSince(START);
        const tracked = new EnforcementTracker(lookupOf(naive.asked), book);
        const standings = new Map<string, NodeStanding>();
        let at = START;
        for (const [step, seconds] of steps) {
          step(tracked, book, naive, at);
          at += seconds * SECOND;
          const expected = naive.look(at);
          for (const standing of tracked.evaluate(at)) standings.set(standing.node, standing);
          for (const id of naive.places.keys()) {
            const told = tracked.notInForce(id);
            const found = told && { token: told.token, since: Date.parse(told.since) };
            expect(found).toEqual(expected.get(id));
          }
          const said = [...standings.values()].flatMap(({ notInForce }) => notInForce.map(({ id }) => id));
          const unclear = [...naive.places].filter(([, { node }]) => !standings.has(node)).map(([id]) => id);
          expect(said.sort()).toEqual([...expected.keys()].filter((id) => !unclear.includes(id)).sort());
          const counted = [...tracked.counts().values()].reduce((sum, count) => sum + count, 0);
          expect(counted).toBe(said.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
