import { describe, expect, it } from 'vitest';
import type { CommitRecord, Unit } from '@ringfence/contracts';
import { allow, AT, DB, group, inLists, units, WEB, WEB_GROUP } from '../testing/facts.js';
import { NOTHING_RESTORED, PolicyBuffer } from './policy-buffer.calculator.js';
import type { CommittedPolicy } from './policy-buffer.calculator.js';

const [web, db] = units as [Unit, Unit];
const set = (buffer: PolicyBuffer, flush: number, told: Unit): CommittedPolicy | null => {
  const { unit, list } = inLists(told);
  buffer.set('list', list.id, flush, list);
  return buffer.set('unit', unit.labelSet.id, flush, unit);
};
const remove = (buffer: PolicyBuffer, told: Unit): void => {
  buffer.remove('list', inLists(told).list.id);
  buffer.remove('unit', told.labelSet.id);
};
const commit = (flush: number, unit: number, groups = 0): CommitRecord => ({
  flush,
  policyVersion: flush,
  at: AT,
  counts: { unit, list: unit, group: groups, endpoint: 0 },
  hash: '',
});

describe('policy from the lane', () => {
  it('counts when its commit comes, and not before', () => {
    const buffer = new PolicyBuffer();
    expect(set(buffer, 1, web)).toBeNull();
    expect(buffer.waiting).toBe(2);
    expect(buffer.commit(commit(1, 1))).toMatchObject({
      units: { upsert: [web], remove: [] },
      isComplete: true,
    });
    expect(buffer.waiting).toBe(0);
  });

  it('is not mixed of two versions: an older commit does not close newer records', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 1, web);
    set(buffer, 2, db);
    expect(buffer.commit(commit(1, 1))).toBeNull();
    expect(buffer.commit(commit(2, 2))?.units.upsert).toEqual([web, db]);
  });

  it('takes removals with the next commit', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 1, web);
    buffer.set('group', WEB_GROUP, 1, group(WEB_GROUP, []));
    buffer.commit(commit(1, 1, 1));
    remove(buffer, web);
    expect(buffer.commit(commit(2, 0, 1))).toMatchObject({
      units: { upsert: [], remove: [WEB.id] },
      isComplete: true,
    });
  });

  it('gives everybody who names a list its new rules, from one record', () => {
    const buffer = new PolicyBuffer();
    const { list } = inLists(db);
    buffer.set('list', list.id, 1, list);
    for (const { labelSet, mode } of units)
      buffer.set('unit', labelSet.id, 1, { labelSet, mode, lists: [list.id] });
    const counts = { unit: 2, list: 1, group: 0, endpoint: 0 };
    buffer.commit({ ...commit(1, 2), counts });
    const ingress = [allow(WEB_GROUP, 5433)];
    buffer.set('list', list.id, 2, { ...list, ingress });
    const changed = buffer.commit({ ...commit(2, 2), counts });
    expect(changed).toMatchObject({ isComplete: true, units: { upsert: [{ ingress }, { ingress }] } });
    expect(changed?.units.upsert[0]?.ingress).toBe(changed?.units.upsert[1]?.ingress);
  });

  it('says when there is less than the commit counted', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 1, web);
    expect(buffer.commit(commit(1, 2))?.isComplete).toBe(false);
  });

  it('gives up what was kept from before a restart and did not come again', () => {
    const kept = {
      ...NOTHING_RESTORED,
      unit: new Map(units.map((unit) => [unit.labelSet.id, inLists(unit).unit])),
      list: new Map(units.map((unit) => [inLists(unit).list.id, inLists(unit).list])),
    };
    const buffer = new PolicyBuffer(kept);
    set(buffer, 3, web);
    expect(buffer.commit(commit(3, 1))).toMatchObject({ units: { remove: [DB.id] }, isComplete: true });
  });
});
