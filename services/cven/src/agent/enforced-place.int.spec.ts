/** Whatever happens in whatever order, the table in the kernel is the one that was last asked for. Real kernel, both ways to it. */
import { execFileSync } from 'node:child_process';
import { hasTable, renderTable } from '@ringfence/firewall';
import type { FirewallModel } from '@ringfence/firewall';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredTable, Place } from '../domain/desired-tables.calculator.js';
import { HelperKernel } from '../kernel/nftables/helper-kernel.js';
import type { Kernel } from '../kernel/port/kernel.port.js';
import { SpawnedKernel } from '../kernel/nftables/spawned-kernel.js';
import { allow, modelOf, unitOf } from '../testing/models.js';
import { compiledHelper, openTestbed, peerAddress, POD } from '../testing/testbed.js';
import type { Testbed } from '../testing/testbed.js';
import { EnforcedPlace } from './enforced-place.js';
import { TableRecords } from './table-records.js';

const model = (mode: FirewallModel['mode'], peers: readonly number[]): FirewallModel => {
  const unit = unitOf(mode, mode === 'idle' ? {} : { ingress: [allow([1], { proto: 6, from: 7001 })] });
  return modelOf(unit, { 1: peers.map((n) => peerAddress(n, 4)) });
};
const wish = (of: FirewallModel): DesiredTable => ({
  model: of,
  unit: unitOf('full', {}),
  isOwnPolicy: true,
});
/** Sequences of every run, however long they take on a busy machine. */
const RUNS = { helper: 20, nft: 6 };
const WISHES = [
  wish(model('idle', [])),
  wish(model('visibility_only', [10])),
  wish(model('full', [10])),
  wish(model('full', [10, 11])),
  wish(model('selective', [])),
];

type Step =
  | { readonly kind: 'enforce'; readonly wish: number }
  | { readonly kind: 'tamper'; readonly nft: string }
  | {
      readonly kind:
        'rotate' | 'learn' | 'inspect' | 'doubt' | 'remove' | 'lose-helper' | 'lose-helper-rotating';
    };

const TAMPERING = [
  'flush ruleset',
  'delete table inet ringfence',
  'flush chain inet ringfence p_in',
  'delete map inet ringfence c_in_4',
  'add table inet ringfence',
];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(WISHES.length - 1).map((n): Step => ({ kind: 'enforce', wish: n })) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(
        'rotate' as const,
        'learn' as const,
        'inspect' as const,
        'doubt' as const,
        'remove' as const,
        'lose-helper' as const,
        'lose-helper-rotating' as const,
      )
      .map((kind): Step => ({ kind })),
  },
  { weight: 3, arbitrary: fc.constantFrom(...TAMPERING).map((nft): Step => ({ kind: 'tamper', nft })) },
);

describe.each(['helper', 'nft'] as const)('a place reached by %s', (way) => {
  let bed: Testbed;
  let reference: Testbed;
  let helper: HelperKernel | undefined;
  let kernel: Kernel;
  let place: EnforcedPlace;
  const lost: Place[] = [];

  beforeAll(() => {
    bed = openTestbed();
    reference = openTestbed();
    helper =
      way === 'helper'
        ? new HelperKernel({ entry: compiledHelper(), onCrash: () => place.doubt() })
        : undefined;
    kernel = helper ?? new SpawnedKernel();
  });
  beforeEach(() => {
    lost.length = 0;
    place = newPlace();
  });
  afterEach(async () => {
    await place.remove();
  });
  afterAll(async () => {
    await kernel.stop();
    await bed.close();
    await reference.close();
  });

  const newPlace = (): EnforcedPlace => {
    const events = {
      onApplied: () => undefined,
      onInterval: () => undefined,
      onFlowsLost: (where: Place) => lost.push(where),
      onHealed: () => undefined,
      onTrouble: () => undefined,
    };
    const where: Place = {
      kind: 'pod',
      id: 'p',
      netns: bed.netns,
      podUid: 'p',
      namespace: 'shop',
      name: 'web',
    };
    const records = new TableRecords({}, () => undefined);
    return new EnforcedPlace(where, { kernel, records, events, lastRead: () => undefined });
  };
  const expectInKernel = ({ model: wanted }: DesiredTable): void => {
    if (hasTable(wanted))
      execFileSync('nsenter', [`--net=${reference.netns}`, 'nft', '-f', '-'], { input: renderTable(wanted) });
    expect(comparable(bed)).toEqual(hasTable(wanted) ? comparable(reference) : []);
  };
  const loseHelper = async (): Promise<void> => {
    const pid = helper?.processId;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    // Its end is known when the next question is answered by another one.
    await kernel.open(bed.netns).catch(() => undefined);
  };
  const perform = async (each: Step): Promise<void> => {
    switch (each.kind) {
      case 'enforce':
        return enforce(each.wish);
      case 'tamper':
        return tamper(each.nft);
      case 'lose-helper':
        return loseHelper();
      case 'lose-helper-rotating': {
        const rotation = place.rotate().catch(() => undefined);
        await loseHelper();
        return rotation;
      }
      case 'doubt':
        return place.doubt();
      default:
        // A rotation or a look may come upon what somebody else took away; that must not stop what comes after.
        await place[each.kind]().catch(() => undefined);
    }
  };
  /** As in the agent's life: what somebody else did is seen at the latest before the next wish is. */
  const enforce = async (n: number): Promise<void> => {
    const wanted = WISHES[n];
    if (wanted === undefined) throw new Error('no such wish');
    if ((await kernel.disturbed()).length > 0) await place.inspect();
    await place.enforce(wanted);
    expectInKernel(wanted);
  };
  /**
   * Fails where there is nothing to take away. Where nothing of ours is, nobody looks: what somebody else puts there under our
   * name stays until the next table of ours.
   */
  const tamper = (nft: string): void => {
    if (place.state.kind === 'no-table') return;
    try {
      bed.pod('nft', nft);
    } catch {
      return;
    }
  };

  it('has its table again after full, idle, full; and after managed, unmanaged, managed', async () => {
    const [idle, , full] = WISHES;
    if (idle === undefined || full === undefined) throw new Error('no wishes');
    for (let round = 0; round < 2; round += 1) {
      await place.enforce(full);
      await place.rotate();
      await place.enforce(idle);
      expectInKernel(idle);
      await place.rotate();
    }
    await place.enforce(full);
    expectInKernel(full);
    await place.rotate();
    await place.remove();
    await place.enforce(full);
    expectInKernel(full);
    expect(lost).toEqual([]);
  });

  it('replaces what somebody put in its place while it needed no table', async () => {
    const [idle, , full] = WISHES;
    if (idle === undefined || full === undefined) throw new Error('no wishes');
    await place.enforce(idle);
    bed.pod(
      'nft',
      'add table inet ringfence; add chain inet ringfence p_in; add set inet ringfence s { type mark; }',
    );
    await place.enforce(full);
    expectInKernel(full);
  });

  it('adopts connections that began before its first table that judges, however long it was looked at without one', async () => {
    const [idle, , full] = WISHES;
    if (idle === undefined || full === undefined) throw new Error('no wishes');
    await bed.inPod.run('listen', { host: POD[4], tcp: [7001] });
    await place.enforce(idle);
    const to = { from: peerAddress(10, 4), to: POD[4], port: 7001 };
    await bed.inWorld.run('tcp', { ...to, keep: 'older', send: 'push' });
    await place.enforce(full);
    for (let i = 0; i < 2; i += 1)
      expect(await bed.inWorld.run('say', { name: 'older', text: '' })).toBe('open');
    await bed.inWorld.run('drop', { name: 'older' });
  });

  it('is what was last asked for, after whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        await place.remove();
        for (const each of steps) await perform(each);
      }),
      { numRuns: RUNS[way] },
    );
  });
});

/** Our table as blocks of lines, without what counts up or says who loaded it. */
function comparable(bed: Testbed): string[] {
  let listing: string;
  try {
    listing = bed.pod('nft', '-s', 'list', 'table', 'inet', 'ringfence');
  } catch {
    return [];
  }
  return listing
    .replace(/generation=\d+ half=\d/, '')
    .replace(/0x[0-9a-f]{8}/g, 'mark')
    .replace(/goto (w_\w\w|m_there)_[01]/g, 'goto $1')
    .split(/\n(?=\t\S)/)
    .map((block) => block.trim())
    .sort();
}
