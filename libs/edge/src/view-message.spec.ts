/** What units share stands once in a message, and is shared again by whoever reads it. */
import type { NodeView, Unit, WireRule } from '@ringfence/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { viewMessage, viewOf } from './view-message.js';

const rule = (port: number): WireRule => ({
  ...{ ref: `rule/${port}`, class: 'allow', peers: ['g-1'] },
  ports: [{ proto: 6, from: port, to: port }],
});
const LISTS = [[], [rule(1)], [rule(1), rule(2)], [rule(3)]];
const anyList = fc.constantFrom(...LISTS);
const viewWith = (units: Unit[]): NodeView => ({
  ...{ node: 'node-1', revision: 2, base: 1, policyVersion: 1, at: '2026-01-01T00:00:00.000Z' },
  groups: { upsert: [], remove: [] },
  endpoints: { upsert: [], remove: [] },
  units: { upsert: units, remove: ['ls-gone'] },
});
const unit = (id: number, ingress: WireRule[], egress: WireRule[]): Unit => ({
  labelSet: { id: `ls-${id}`, cluster: 'c', namespace: 'n', class: 'pod', labels: [] },
  ...{ mode: 'selective', ingress, egress },
  ...(id % 2 === 0 && { isolated: { ingress: true, egress: false } }),
});

it('comes back as it was, each list once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyList, anyList), { maxLength: 12 }), (lists) => {
      const view = viewWith(lists.map(([ingress, egress], i) => unit(i, ingress, egress)));
      const message = JSON.parse(JSON.stringify(viewMessage(view))) as ReturnType<typeof viewMessage>;
      expect(message.rules.length).toBe(new Set(lists.flat()).size);
      const read = viewOf(message);
      expect(read).toEqual(view);
      const shared = read!.units.upsert.flatMap(({ ingress, egress }) => [ingress, egress]);
      expect(new Set(shared).size).toBe(message.rules.length);
    }),
  );
});

it('is not understood where a unit names rules that are not there', () => {
  const message = viewMessage(viewWith([unit(1, LISTS[1]!, LISTS[2]!)]));
  expect(viewOf({ ...message, rules: message.rules.slice(1) })).toBeUndefined();
});
