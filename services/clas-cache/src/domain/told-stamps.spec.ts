import { describe, expect, it } from 'vitest';
import { NO_FACTS } from '@ringfence/contracts';
import type { PolicyStamp } from '@ringfence/contracts';
import { ToldStamps } from './told-stamps.js';

const version = (policyVersion: number, settled = 0): PolicyStamp => ({
  policyVersion,
  facts: NO_FACTS,
  settled,
});

describe('what a node was told from', () => {
  it('is in force with the acknowledgement of the revision that told it, and no earlier', () => {
    const stamps = new ToldStamps();
    stamps.told(10, version(1));
    stamps.told(11, version(2));
    expect([9, 10, 11].map((acked) => stamps.inForce(acked)?.policyVersion)).toEqual([undefined, 1, 2]);
  });

  it('is in force at once where it changed nothing for the node', () => {
    const stamps = new ToldStamps();
    stamps.told(10, version(1));
    expect(stamps.inForce(10)).toEqual(version(1));
    stamps.told(10, version(1, 7));
    expect(stamps.inForce(10)).toEqual(version(1, 7));
  });

  it('is not in force any more when the node takes back what it had acknowledged', () => {
    const stamps = new ToldStamps();
    stamps.told(10, version(1));
    stamps.told(11, version(2));
    expect(stamps.inForce(11)?.policyVersion).toBe(2);
    expect(stamps.inForce(10)).toBeNull();
    expect(stamps.inForce(11)?.policyVersion).toBe(2);
  });

  it('is never said to be in force too early, however much is told meanwhile', () => {
    const stamps = new ToldStamps();
    for (let revision = 1; revision <= 1_000; revision++) stamps.told(revision, version(revision));
    for (let acked = 0; acked <= 1_000; acked++)
      expect(stamps.inForce(acked)?.policyVersion ?? 0).toBeLessThanOrEqual(acked);
    expect(stamps.inForce(1_000)?.policyVersion).toBe(1_000);
  });
});
