import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodePortTarget, Unit } from '@ringfence/contracts';
import { allow, DB, WEB } from '../testing/facts.js';
import { NodePortGuards } from './node-port-guards.calculator.js';

const PEER = 'g-00000000000000000001';
const anyTarget: fc.Arbitrary<NodePortTarget> = fc.record({
  labelSet: fc.constantFrom(WEB.id, DB.id),
  workload: fc.constantFrom(null, 'w1'),
  proto: fc.constant(6),
  port: fc.constantFrom(80, 81, 82),
});
const anyUnit = (labelSet: Unit['labelSet']): fc.Arbitrary<Unit | undefined> =>
  fc.option(fc.uniqueArray(fc.constantFrom(80, 81, 82)), { nil: undefined }).map(
    (ports) =>
      ports && {
        ...{ labelSet, mode: 'full', egress: [allow(PEER, 443)] },
        ingress: ports.map((port) => allow(PEER, port)),
      },
  );
const anyState = fc.record({
  targets: fc.array(anyTarget, { maxLength: 4 }),
  web: anyUnit(WEB),
  db: anyUnit(DB),
});

describe('what nodes judge for the Pods of others', () => {
  it('is the ingress of what is behind their ports, for these ports alone, and told when it changes', () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 12 }), (states) => {
        const guards = new NodePortGuards();
        const told = new Map<string, Unit>();
        let targets: readonly NodePortTarget[] = [];
        for (const state of states) {
          const { nodePorts, units } = guards.settle(state.targets, (id) =>
            id === WEB.id ? state.web : state.db,
          );
          expect(nodePorts === null).toBe(JSON.stringify(targets) === JSON.stringify(state.targets));
          targets = nodePorts ?? targets;
          for (const unit of units.upsert) {
            expect(told.get(unit.labelSet.id)).not.toEqual(unit);
            told.set(unit.labelSet.id, unit);
          }
          for (const id of units.remove) expect(told.delete(id)).toBe(true);
          const expected = [state.web, state.db].flatMap((unit) => {
            const own = state.targets.filter(({ labelSet }) => labelSet === unit?.labelSet.id);
            if (unit === undefined || own.length === 0) return [];
            const isBehind = (port: number | undefined): boolean =>
              own.some((target) => target.port === port);
            return [
              { ...unit, egress: [], ingress: unit.ingress.filter(({ ports }) => isBehind(ports[0]?.from)) },
            ];
          });
          expect([...told.values()].sort(byId)).toEqual(expected.sort(byId));
          expect(targets).toEqual(state.targets);
        }
      }),
      { numRuns: 200 },
    );
  });
});

const byId = (a: Unit, b: Unit): number => (a.labelSet.id < b.labelSet.id ? -1 : 1);
