import fc from 'fast-check';
import type { WireRule } from '@ringfence/contracts';
import { expect, it } from 'vitest';
import { OpenedLists } from './opened-lists.js';

const GROUPS = ['g-1', 'g-2', 'g-3'];
const allow = (peer: string): WireRule => ({ ref: peer, class: 'allow', ports: [], peers: [peer] });
const LISTS = [[], [allow('g-1')], [allow('g-1'), allow('g-2')], [allow('g-3')]];

const anyStep = fc.oneof(
  fc.record({ unit: fc.nat({ max: 4 }), list: fc.option(fc.nat({ max: 3 })) }),
  fc.record({ group: fc.nat({ max: 2 }), says: fc.nat({ max: 1 }) }),
);

it('opens each list as everybody who has it would by himself, once for all of them', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const lists = new OpenedLists();
      const says = GROUPS.map(() => 0);
      const listOf = new Map<string, WireRule[]>();
      const open = (rules: readonly WireRule[]) => ({
        egress: rules.map((rule) => ({ ...rule, ref: `${says[GROUPS.indexOf(rule.ref)]}` })),
        groups: [],
      });
      for (const step of steps) {
        if ('group' in step) {
          says[step.group] = step.says;
          const concerned = [...listOf].filter(([, list]) =>
            list.some(({ ref }) => ref === GROUPS[step.group]),
          );
          expect(new Set(lists.changed(GROUPS[step.group]!))).toEqual(new Set(concerned.map(([id]) => id)));
        } else {
          const id = `ls-${step.unit}`;
          const before = listOf.get(id);
          if (before !== undefined) lists.disuse(before, id);
          listOf.delete(id);
          if (step.list === null) continue;
          const after = LISTS[step.list]!;
          listOf.set(id, after);
          lists.use(after, id);
        }
        const made = new Map<WireRule[], object>();
        for (const list of listOf.values()) {
          const opened = lists.opened(list, () => open(list));
          expect(opened).toEqual(open(list));
          expect(made.get(list) ?? opened).toBe(opened);
          made.set(list, opened);
        }
      }
    }),
  );
});

it('keeps what it made where it says the same again', () => {
  const lists = new OpenedLists();
  const list = LISTS[1]!;
  lists.use(list, 'ls-1');
  const first = lists.opened(list, () => ({ egress: [allow('g-9')], groups: [] }));
  lists.allChanged();
  expect(lists.opened(list, () => ({ egress: [allow('g-9')], groups: [] }))).toBe(first);
});
