/** A killed agent's flows: handed on by its successor under the same ids, once, and then forgotten. */
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowBatches } from '../domain/flow-batches.calculator.js';
import type { CollectedFlows } from '../domain/flow-batches.calculator.js';
import type { ReadMark } from '../domain/read-mark.js';
import { reportedFlow } from '../testing/flows.js';
import { FlowJournal } from './flow-journal.store.js';

const BOOT = 'aaaaaaaa-0000-4000-8000-000000000001';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const collected = (port: number): CollectedFlows => ({
  reporter: 'pod',
  overflow: 0,
  inForce: { revision: 1, policyVersion: 1 },
  at: `2026-11-20T10:00:0${port}.000Z`,
  named: {
    mode: 'full',
    disagreements: 0,
    flows: [reportedFlow(port)],
  },
});

const markOf = (port: number): ReadMark => ({
  place: '/run/netns/a',
  half: port % 2 === 0 ? 0 : 1,
  digest: `of ${port}`,
});

/** An agent that reads, and may end an interval. */
class Agent {
  readonly journal = new FlowJournal(directory, (_, error) => {
    throw error;
  });
  private readonly batches = new FlowBatches({ node: 'n', bootId: BOOT }, '2026-11-20T10:00:00.000Z');

  read(port: number): void {
    const one = collected(port);
    this.journal.append(this.batches.interval, { mark: markOf(port), collected: [one] });
    this.batches.add(one);
  }
  end(): string[] {
    const ended = this.batches.take('2026-11-20T10:00:09.000Z');
    this.journal.end(ended);
    return ended.map(({ id }) => id);
  }
}
const ports = (journal: FlowJournal): [string, number[]][] =>
  journal
    .leftover('2026-11-20T10:00:09.000Z')
    .map(({ id, reporters }) => [id, reporters.flatMap(({ flows }) => flows.map(({ port }) => port))]);

describe('flows that a killed agent had read', () => {
  it('are handed on by the next one, under the ids that they would have had', () => {
    const killed = new Agent();
    killed.read(1);
    const [sent] = killed.end();
    killed.read(2);
    killed.read(3);
    expect(ports(new Agent().journal)).toEqual([
      [sent, [1]],
      [`n/${BOOT}/2`, [2, 3]],
    ]);
  });

  it('are forgotten when they are stored, and only then', () => {
    const agent = new Agent();
    agent.read(1);
    const [id] = agent.end();
    expect(readdirSync(join(directory, 'flows'))).toHaveLength(1);
    agent.journal.done(id!);
    expect(readdirSync(join(directory, 'flows'))).toHaveLength(0);
    expect(ports(new Agent().journal)).toEqual([]);
  });

  it('can be told from what is still in the kernel: the last reading of each place is known', () => {
    const killed = new Agent();
    killed.read(1);
    killed.end();
    killed.read(2);
    const next = new Agent().journal;
    next.leftover('2026-11-20T10:00:09.000Z');
    expect(next.lastRead('/run/netns/a')).toEqual(markOf(2));
    expect(next.lastRead('/run/netns/b')).toBeUndefined();
  });

  it('are handed on up to the line that was torn by the end', () => {
    const killed = new Agent();
    killed.read(1);
    const [file] = readdirSync(join(directory, 'flows'));
    appendFileSync(join(directory, 'flows', file!), '{"reporter":"po');
    const told: string[] = [];
    const next = new FlowJournal(directory, (what) => told.push(what));
    expect(ports(next)).toEqual([[`n/${BOOT}/1`, [1]]]);
    expect(told).toHaveLength(1);
  });
});
