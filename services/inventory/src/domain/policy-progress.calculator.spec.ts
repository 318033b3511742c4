import type { ClusterPulse, PolicyStamp } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { policyProgress } from './policy-progress.calculator.js';
import type { ProgressFacts } from './policy-progress.calculator.js';

const AT = '2026-01-01T12:04:31.000Z';
const stamp = (policyVersion: number, position = 40): PolicyStamp => ({
  policyVersion,
  facts: { label: position, profile: position, entity: position },
  settled: position,
});
const told = (policyVersion: number, parts: Partial<NonNullable<ClusterPulse['policy']>> = {}) => ({
  told: stamp(policyVersion),
  inForce: stamp(policyVersion),
  behind: [],
  behindCount: 0,
  ...parts,
});
const head = (cluster: string, kind: string, position: number) => ({ cluster, kind, position, at: AT });
const facts = (parts: Partial<ProgressFacts> = {}): ProgressFacts => ({
  policy: told(7),
  asked: {
    version: { policyVersion: 7, at: AT },
    heads: [head('global', 'label', 12), head('a', 'profile', 40), head('b', 'entity', 99)],
  },
  isUntaken: false,
  ...parts,
});
const of = (parts: Partial<ProgressFacts> = {}) => policyProgress('a', facts(parts));

describe('what is asked beside what is in force', () => {
  it('is the same once every node has acknowledged what was asked for last', () => {
    expect(of().view).toMatchObject({
      asked_version: 7,
      in_force_version: 7,
      is_newest: true,
      asked_at: null,
    });
    expect(of().isNewestOn('node-1')).toBe(true);
  });

  it('is not the same while the cluster has not even heard of the version', () => {
    const { view, isNewestOn } = of({ policy: told(6) });
    expect(view).toMatchObject({ asked_version: 7, told_version: 6, in_force_version: 6, is_newest: false });
    expect(view).toMatchObject({
      asked_at: AT,
      waiting_for: 'policy version 7: clas-cache has not told it',
    });
    expect(isNewestOn('node-1')).toBe(false);
  });

  it('is not the same on the nodes that have not acknowledged it, and on those only', () => {
    const { view, isNewestOn } = of({
      policy: told(7, { inForce: stamp(6), behind: ['node-2'], behindCount: 1 }),
    });
    expect(view).toMatchObject({ in_force_version: 6, is_newest: false, nodes_behind: ['node-2'] });
    expect(view.waiting_for).toBe('policy version 7: waiting for node-2 to acknowledge it');
    expect([isNewestOn('node-1'), isNewestOn('node-2')]).toEqual([true, false]);
  });

  it('holds for no node when not all that are behind are named', () => {
    const policy = told(7, { inForce: null, behind: ['node-2'], behindCount: 2 });
    expect(of({ policy }).isNewestOn('node-1')).toBe(false);
  });

  it('counts a mode or label that was written, though no version was made of it', () => {
    const heads = [head('a', 'profile', 41)];
    const asked = { ...facts().asked, heads };
    expect(of({ asked }).view).toMatchObject({
      is_newest: false,
      waiting_for: `labels and modes as of ${AT}: clas-cache has not told it`,
    });
    const taken = { ...stamp(7), facts: { label: 41, profile: 41, entity: 41 } };
    // Computed already, but the settings beside it have not come.
    expect(of({ asked, policy: told(7, { told: taken, inForce: taken }) }).view.is_newest).toBe(false);
    const all = { ...taken, settled: 41 };
    expect(of({ asked, policy: told(7, { told: all, inForce: all }) }).view.is_newest).toBe(true);
    expect(of({ asked, policy: told(7, { told: all, inForce: all }) }).view.in_force_settings).toBe(41);
  });

  it('does not say how much was asked for while a mode or label that was taken is not counted yet', () => {
    const { view } = of({ isUntaken: true });
    expect(view).toMatchObject({ is_newest: false, asked_settings: null });
    expect(of({}).view.asked_settings).not.toBeNull();
  });

  it('counts settings, so that who wrote one can wait for it while others write more', () => {
    const heads = [head('global', 'label', 12), head('a', 'profile', 41), head('a', 'entity', 60)];
    const inForce = { policyVersion: 7, facts: { label: 12, profile: 41, entity: 55 }, settled: 57 };
    const { view } = of({ asked: { ...facts().asked, heads }, policy: told(7, { told: inForce, inForce }) });
    expect(view).toMatchObject({ asked_settings: 60, in_force_settings: 55, is_newest: false });
  });

  it('asks nothing of policy that it is not computed from, and nothing of what concerns other clusters', () => {
    const asked = { ...facts().asked, heads: [head('global', 'label-type', 40), head('b', 'entity', 99)] };
    const policy = told(7, {
      told: { ...stamp(7, 3), settled: 40 },
      inForce: { ...stamp(7, 3), settled: 40 },
    });
    expect(of({ asked, policy }).view.is_newest).toBe(true);
  });

  it('is unknown, and no time is given, where an owner does not answer or clas-cache has not spoken', () => {
    for (const parts of [
      { asked: { ...facts().asked, version: null } },
      { asked: { ...facts().asked, heads: null } },
      { policy: null },
    ]) {
      const { view, isNewestOn } = of(parts);
      expect(view).toMatchObject({ is_newest: false, asked_at: null });
      expect(view.waiting_for).not.toBe('');
      expect(isNewestOn('node-1')).toBe(false);
    }
  });
});
