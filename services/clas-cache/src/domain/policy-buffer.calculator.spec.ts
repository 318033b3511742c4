import { describe, expect, it } from 'vitest';
import type { CommitRecord } from '@ringfence/contracts';
import { AT, DB, group, units, WEB, WEB_GROUP } from '../testing/facts.js';
import { NOTHING_RESTORED, PolicyBuffer } from './policy-buffer.calculator.js';

const [web, db] = units as [(typeof units)[number], (typeof units)[number]];
const commit = (flush: number, unit: number, groups = 0): CommitRecord => ({
  flush,
  policyVersion: flush,
  at: AT,
  counts: { unit, group: groups, endpoint: 0 },
  hash: '',
});

describe('policy from the lane', () => {
  it('counts when its commit comes, and not before', () => {
    const buffer = new PolicyBuffer();
    expect(buffer.set('unit', WEB.id, 1, web)).toBeNull();
    expect(buffer.waiting).toBe(1);
    expect(buffer.commit(commit(1, 1))).toMatchObject({
      units: { upsert: [web], remove: [] },
      isComplete: true,
    });
    expect(buffer.waiting).toBe(0);
  });

  it('is not mixed of two versions: an older commit does not close newer records', () => {
    const buffer = new PolicyBuffer();
    buffer.set('unit', WEB.id, 1, web);
    buffer.set('unit', DB.id, 2, db);
    expect(buffer.commit(commit(1, 1))).toBeNull();
    expect(buffer.commit(commit(2, 2))?.units.upsert).toEqual([web, db]);
  });

  it('takes removals with the next commit', () => {
    const buffer = new PolicyBuffer();
    buffer.set('unit', WEB.id, 1, web);
    buffer.set('group', WEB_GROUP, 1, group(WEB_GROUP, []));
    buffer.commit(commit(1, 1, 1));
    buffer.remove('unit', WEB.id);
    expect(buffer.commit(commit(2, 0, 1))).toMatchObject({
      units: { upsert: [], remove: [WEB.id] },
      isComplete: true,
    });
  });

  it('says when there is less than the commit counted', () => {
    const buffer = new PolicyBuffer();
    buffer.set('unit', WEB.id, 1, web);
    expect(buffer.commit(commit(1, 2))?.isComplete).toBe(false);
  });

  it('gives up what was kept from before a restart and did not come again', () => {
    const kept = { ...NOTHING_RESTORED, unit: new Map(units.map((unit) => [unit.labelSet.id, unit])) };
    const buffer = new PolicyBuffer(kept);
    buffer.set('unit', WEB.id, 3, web);
    expect(buffer.commit(commit(3, 1))).toMatchObject({ units: { remove: [DB.id] }, isComplete: true });
  });
});
