/** Connections made = connections reported, exactly, when the agent, its helper or both are killed at any moment. Real kernel. */
import { execFileSync } from 'node:child_process';
import { rotation } from '@ringfence/firewall';
import type { Half } from '@ringfence/firewall';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredTable, Place } from '../domain/desired-tables.calculator.js';
import type { ReadMark } from '../domain/read-mark.js';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import { allow, modelOf, unitOf } from '../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../testing/testbed.js';
import type { Testbed } from '../testing/testbed.js';
import { EnforcedPlace } from './enforced-place.js';
import type { Interval } from './enforced-place.js';
import { TableRecords } from './table-records.js';
import type { TableRecordFile } from './table-records.js';

const PORT = 7001;
const unit = unitOf('full', { ingress: [allow([1], { proto: 6, from: PORT })] });
/** The client is always allowed; who else is changes all the time. */
const wish = (others: readonly number[]): DesiredTable => ({
  model: modelOf(unit, { 1: [10, ...others].map((n) => peerAddress(n, 4)) }),
  unit,
  isOwnPolicy: true,
});
const [A, B] = [wish([]), wish([11])];

/** What agents leave on the disk of their node. */
interface Disk {
  reported: number;
  readonly marks: Map<string, ReadMark>;
  tables: TableRecordFile;
}

class Agent {
  readonly kernel: HelperKernel;
  readonly place: EnforcedPlace;
  lost = 0;
  /** Told after a reading was written down, before anything else happens. */
  onWritten: () => void = () => undefined;
  private readonly records: TableRecords;
  private isKilled = false;

  constructor(
    netns: string,
    private readonly disk: Disk,
  ) {
    this.kernel = new HelperKernel({ entry: compiledHelper(), onCrash: () => this.place.doubt() });
    this.records = new TableRecords(disk.tables, () => {
      disk.tables = this.records.toFile();
    });
    const place: Place = { kind: 'pod', id: 'p', netns, podUid: 'p', namespace: 'shop', name: 'web' };
    this.place = new EnforcedPlace(place, {
      kernel: this.kernel,
      records: this.records,
      lastRead: (key) => disk.marks.get(key),
      events: {
        onApplied: () => undefined,
        onInterval: (interval) => this.write(interval),
        onFlowsLost: () => {
          this.lost += 1;
        },
        onHealed: () => undefined,
        onTrouble: () => undefined,
      },
    });
  }

  killHelper(): void {
    const { processId } = this.kernel;
    if (processId !== undefined) process.kill(processId, 'SIGKILL');
  }

  /** Nothing of it is written or asked any more. */
  async kill(): Promise<void> {
    this.isKilled = true;
    this.killHelper();
    await this.kernel.stop();
  }

  private write({ reading, mark }: Interval): void {
    if (this.isKilled) return;
    this.disk.reported += reading.tables.na.reduce((sum, [, , , , packets]) => sum + packets, 0);
    this.disk.marks.set(mark.place, mark);
    this.onWritten();
  }
}

describe('flows of a place whose agents and helpers are killed', () => {
  let bed: Testbed;
  let disk: Disk;
  let agent: Agent;
  let made = 0;
  let openedTwiceBefore = 0;

  beforeAll(async () => {
    bed = openTestbed();
    await bed.inPod.run('listen', { host: POD[4], tcp: [PORT] });
  });
  beforeEach(async () => {
    made = 0;
    openedTwiceBefore = openedTwice(bed);
    disk = { reported: 0, marks: new Map(), tables: {} };
    agent = new Agent(bed.netns, disk);
    await agent.place.enforce(A);
  });
  afterEach(async () => {
    await agent.place.remove();
    await agent.kernel.stop();
  });
  afterAll(() => bed.close());

  const connect = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      const to = { from: peerAddress(10, 4), to: POD[4], port: PORT, timeoutMs: 5_000 };
      expect(await bed.inWorld.run('tcp', to)).toBe('open');
      made += 1;
    }
  };
  const successor = (): Agent => {
    agent = new Agent(bed.netns, disk);
    return agent;
  };
  const expectAllReported = async (): Promise<void> => {
    await agent.place.rotate();
    await agent.place.rotate();
    expect(agent.lost).toBe(0);
    expect(disk.reported).toBeGreaterThanOrEqual(made);
    expect(disk.reported).toBeLessThanOrEqual(made + openedTwice(bed) - openedTwiceBefore);
  };
  /** As the kernel has it when the agent ends between a rotation and its reading. */
  const rotateUnread = async (): Promise<void> => {
    const { state } = agent.place;
    if (state.kind !== 'in-force') throw new Error('expected a table');
    await agent.kernel.apply(bed.netns, rotation(state.model));
  };

  it.each([
    ['with the policy that it left', A],
    ['with another policy', B],
  ])('are found by the next agent, in both halves, %s', async (_, desired) => {
    await connect(2);
    await agent.place.rotate();
    await agent.place.learn();
    await connect(3);
    await rotateUnread();
    await connect(4);
    await agent.kill();
    await connect(5);
    await successor().place.enforce(desired);
    await connect(1);
    await expectAllReported();
  });

  it('are found where nobody had listed the table before the kill', async () => {
    await agent.place.enforce(B);
    await connect(3);
    await agent.kill();
    await connect(2);
    await successor().place.enforce(A);
    await expectAllReported();
  });

  it.each([
    ['the helper', false],
    ['the agent', true],
  ])(
    'are not counted twice when %s is killed after a half was written down, before it is emptied',
    async (_, isAgent) => {
      await connect(3);
      const killed = agent;
      killed.onWritten = () => {
        killed.onWritten = () => undefined;
        killed.killHelper();
      };
      await killed.place.rotate().catch(() => undefined);
      expect(disk.reported).toBe(3);
      await connect(2);
      if (isAgent) {
        await killed.kill();
        successor();
      }
      await agent.place.enforce(B);
      await connect(1);
      await expectAllReported();
    },
  );

  it('are emptied from the kernel when they are written down', async () => {
    await connect(3);
    await agent.place.rotate();
    for (const half of [0, 1] as const satisfies Half[])
      expect((await agent.kernel.readFlows(bed.netns, half)).tables.na).toEqual([]);
  });

  it('are read before a table goes of which the flow sets are not as we declare them', async () => {
    await connect(3);
    await agent.kill();
    bed.pod('nft', 'add map inet ringfence m { type ipv4_addr : verdict ; }');
    await successor().place.enforce(B);
    await connect(1);
    await expectAllReported();
    expect(bed.pod('nft', 'list', 'table', 'inet', 'ringfence')).not.toContain('map m');
  });

  it(
    'are exact while connections are made, policy changes, and both are killed again and again',
    { timeout: 120_000 },
    async () => {
      let running = true;
      const connecting = (async () => {
        while (running) await connect(1);
      })();
      for (let round = 0; round < 12; round += 1) {
        const work = [agent.place.enforce(round % 2 === 0 ? B : A), agent.place.rotate()];
        // At another moment of it in each round.
        await new Promise((resolve) => setTimeout(resolve, 2 * round));
        if (round % 3 === 0) await agent.kill();
        else agent.killHelper();
        await Promise.allSettled(work);
        if (round % 3 === 0) successor();
        await agent.place.enforce(round % 4 < 2 ? A : B);
        // The end of the helper may only come now.
        if (round % 2 === 0) await agent.place.learn().catch(() => undefined);
      }
      running = false;
      await connecting;
      await expectAllReported();
    },
  );
});

/** First packets that the clients' kernel sent again, on a machine too busy to answer them in a second: each is counted. */
function openedTwice({ world }: Testbed): number {
  const [names, values] = execFileSync('nsenter', [`--net=${world}`, 'cat', '/proc/self/net/netstat'], {
    encoding: 'utf8',
  })
    .split('\n')
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('TCPSynRetrans') ?? -1]);
}
