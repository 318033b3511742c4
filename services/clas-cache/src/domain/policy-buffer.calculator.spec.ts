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

const KEPT = {
  ...NOTHING_RESTORED,
  unit: new Map(units.map((unit) => [unit.labelSet.id, inLists(unit).unit])),
  list: new Map(units.map((unit) => [inLists(unit).list.id, inLists(unit).list])),
};

describe('policy from the lane', () => {
  it('counts when its commit comes, and not before', () => {
    const buffer = new PolicyBuffer();
    expect(set(buffer, 1, web)).toBeNull();
    expect(buffer.waiting).toBe(2);
    expect(buffer.commit(commit(1, 1))).toMatchObject({ units: { upsert: [web], remove: [] } });
    expect(buffer.waiting).toBe(0);
  });

  it('is not mixed of two versions: an older commit does not close newer records', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 1, web);
    set(buffer, 2, db);
    expect(buffer.commit(commit(1, 1))).toBeNull();
    expect(buffer.commit(commit(2, 2))?.units.upsert).toEqual([web, db]);
  });

  it('hears no writer that lost its turn: its numbers are lower', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 2_000, web);
    buffer.commit(commit(2_000, 1));
    set(buffer, 1_001, db);
    expect(buffer.commit(commit(1_001, 2))).toBeNull();
    expect(buffer.units()).toEqual([web]);
    set(buffer, 2_001, web);
    expect(buffer.commit(commit(2_001, 1))?.units.upsert).toEqual([web]);
  });

  it('takes removals with the next commit', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 1, web);
    buffer.set('group', WEB_GROUP, 1, group(WEB_GROUP, []));
    buffer.commit(commit(1, 1, 1));
    remove(buffer, web);
    expect(buffer.commit(commit(2, 0, 1))).toMatchObject({ units: { upsert: [], remove: [WEB.id] } });
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
    expect(changed).toMatchObject({ units: { upsert: [{ ingress }, { ingress }] } });
    expect(changed?.units.upsert[0]?.ingress).toBe(changed?.units.upsert[1]?.ingress);
  });

  it('waits for what its commit counted, and says what is missing', () => {
    const buffer = new PolicyBuffer();
    set(buffer, 1, web);
    expect(buffer.commit(commit(1, 2))).toBeNull();
    expect(buffer.lacking).toBe(
      'flush 1 is not whole: 1 of 2 units, 1 of 2 lists, 0 of 0 groups, 0 of 0 endpoints',
    );
    expect(set(buffer, 1, db)?.units.upsert).toEqual([web, db]);
    expect(buffer.lacking).toBeNull();
  });

  it('takes nothing out of force when it is read in the middle of a flush', () => {
    const buffer = new PolicyBuffer(KEPT);
    // The unit of db was overwritten since: its former record is not on the stream any more.
    set(buffer, 3, web);
    expect(buffer.commit(commit(3, 2))).toBeNull();
    expect(buffer.units()).toEqual([web, db]);
    set(buffer, 4, db);
    expect(buffer.commit(commit(4, 2))).toMatchObject({ units: { upsert: [web, db], remove: [] } });
  });

  it('is taken without a record of a form that is not known here: the last good one stays', () => {
    const buffer = new PolicyBuffer();
    for (const told of [web, db]) set(buffer, 1, told);
    buffer.commit(commit(1, 2));
    buffer.beginAnew();
    set(buffer, 2, web);
    buffer.leaveOut('unit', DB.id);
    buffer.leaveOut('list', inLists(db).list.id);
    expect(buffer.commit(commit(2, 2))).toMatchObject({ units: { upsert: [web], remove: [] } });
    expect(buffer.units()).toEqual([web, db]);
  });

  it('begins anew on a stream that was made anew, and keeps in force what was until all of it is there again', () => {
    const buffer = new PolicyBuffer();
    for (const told of [web, db]) set(buffer, 500, told);
    buffer.commit(commit(500, 2));
    // Of a flush that was never closed, and never will be.
    remove(buffer, web);
    set(buffer, 501, db);
    buffer.beginAnew();
    expect(buffer.waiting).toBe(0);
    set(buffer, 1, web);
    expect(buffer.units()).toEqual([web, db]);
    expect(buffer.commit(commit(1, 1))).toMatchObject({
      flush: 1,
      units: { upsert: [web], remove: [DB.id] },
    });
  });

  it('goes on as it was before a restart, with what could not be read then, and is settled again with its commit', () => {
    const buffer = new PolicyBuffer(KEPT);
    buffer.goOn({ unit: ['ls-unknown'], list: [], group: [], endpoint: [] });
    expect(buffer.isSettled).toBe(true);
    remove(buffer, web);
    expect(buffer.isSettled).toBe(false);
    const counts = { unit: 2, list: 1, group: 0, endpoint: 0 };
    expect(buffer.commit({ ...commit(3, 2), counts })).toMatchObject({ units: { remove: [WEB.id] } });
    expect([buffer.isSettled, buffer.unreadable.unit]).toEqual([true, ['ls-unknown']]);
    expect(buffer.commit(commit(4, 1))).toBeNull();
    expect(buffer.isSettled).toBe(false);
  });

  it('gives up what was kept from before a restart and did not come again', () => {
    const buffer = new PolicyBuffer(KEPT);
    set(buffer, 3, web);
    expect(buffer.commit(commit(3, 1))).toMatchObject({ units: { remove: [DB.id] } });
  });
});
