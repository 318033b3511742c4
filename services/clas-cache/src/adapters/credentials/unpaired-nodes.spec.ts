/** Which node's credentials are cut off, and when. The accounts are recorded; with real ones: unpaired.int.spec. */
import { eventually } from '@ringfence/testing';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { UnpairedNodes } from './unpaired-nodes.js';

function bed(graceMs: number) {
  let looks = 0;
  const unpaired = new Set(['n1']);
  const kept = new Set(['n1', 'n2']);
  const revoked: [string, number][] = [];
  const nodes = new UnpairedNodes({
    unpaired: () => {
      looks += 1;
      return [...unpaired];
    },
    accounts: {
      isRevoked: () => false,
      revoke: async (name, upTo = Date.now()) => void revoked.push([name, upTo]),
    },
    desk: { nodes: () => [...kept], forgetNode: async (node) => void kept.delete(node) },
    logger: pino({ level: 'silent' }),
    graceMs,
  });
  return { unpaired, kept, revoked, nodes, looks: () => looks };
}

it('cuts off a node that never says that it has heard of it, after a grace', async () => {
  const { kept, revoked, nodes } = bed(0);
  await eventually(() => revoked.length === 1);
  expect(revoked[0]?.[0]).toBe('n1');
  expect([...kept]).toEqual(['n2']);
  await nodes.close();
});

it('of a node that was paired again before that cuts off what is older only', async () => {
  const { unpaired, kept, revoked, nodes, looks } = bed(3_600_000);
  await eventually(() => looks() > 0);
  unpaired.clear();
  const pairedAgainAt = Date.now();
  await eventually(() => revoked.length === 1);
  expect(revoked[0]?.[1]).toBeLessThanOrEqual(pairedAgainAt);
  expect([...kept]).toEqual(['n1', 'n2']);
  await nodes.close();
});
