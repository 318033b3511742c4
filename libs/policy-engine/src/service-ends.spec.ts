/** Services of the cluster as ends of rules, sentence by sentence: the engine and the words must say of a town what stands here. */
import type { PortRange, Rule } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import { allow, deny, rules, Town } from './testing/town.js';
import type { TownPolicy, TownService } from './testing/town.js';

const AS_SERVICES = { services: [], resolveProvidersAs: ['virtual_services'] } satisfies Partial<Rule>;
const FRONT: TownService = {
  labels: ['role:web', 'app:bank'],
  address: '10.96.0.1',
  ports: ['80 → db:5432', '81 → db:9187'],
};

/** Of each `from to:port` what the source and the destination decide: both, one or none. */
function judged(policy: TownPolicy, tries: readonly string[]): Record<string, string> {
  const town = new Town(policy);
  return Object.fromEntries(
    tries.map((text) => {
      const [, from = '', to = '', port] = /^(.+) (.+):(\d+)$/.exec(text) ?? [];
      const passes = (['source', 'destination'] as const).filter((end) => {
        const { engine, words } = town.judged(end, from, to, { proto: 6, port: Number(port) });
        expect(engine, `${text} at its ${end}`).toEqual(words);
        return engine?.verdict === 'allowed';
      });
      return [text, passes.join(', ')];
    }),
  );
}
const inRules = (...said: Parameters<typeof allow>[]): TownPolicy => ({
  fronts: [FRONT],
  rule_sets: [rules([], ...said.map((one) => allow(...one)))],
});

describe('a rule that Services provide', () => {
  it('opens their ClusterIPs on their ports and who is behind on the target port: no cross products', () => {
    const tries = ['80', '81', '5432', '9187'].flatMap((port) => [
      `trial ${FRONT.address}:${port}`,
      `trial db:${port}`,
    ]);
    expect(judged(inRules(['role:web env:dev', 'role:web app:bank', AS_SERVICES]), tries)).toEqual({
      [`trial ${FRONT.address}:80`]: 'source',
      'trial db:80': '',
      [`trial ${FRONT.address}:81`]: 'source',
      'trial db:81': '',
      [`trial ${FRONT.address}:5432`]: '',
      'trial db:5432': 'source, destination',
      [`trial ${FRONT.address}:9187`]: '',
      'trial db:9187': 'source, destination',
    });
  });

  it('means by labels no workloads, and by labels of workloads no Services, but where it says both', () => {
    const tries = [`trial ${FRONT.address}:80`, 'trial teller:80', 'trial db:5432'];
    const ports: PortRange[] = [{ proto: 6, from: 80 }];
    const asked = (over: Partial<Rule> & { ports?: PortRange[] }) =>
      Object.values(judged(inRules(['env:dev', 'role:web app:bank', over]), tries));
    expect(asked(AS_SERVICES)).toEqual(['source', '', 'source, destination']);
    expect(asked({ ports })).toEqual(['', 'source, destination', '']);
    expect(asked({ ports, resolveProvidersAs: ['workloads', 'virtual_services'] })).toEqual([
      'source',
      'source, destination',
      'source, destination',
    ]);
  });

  it('is narrowed by its scope, and what is excluded is taken away', () => {
    const tries = [`trial ${FRONT.address}:80`];
    const scoped = (scope: string, providers = 'role:web') =>
      judged(
        {
          fronts: [FRONT],
          rule_sets: [
            rules([scope], allow('env:dev', providers, { ...AS_SERVICES, unscopedConsumers: true })),
          ],
        },
        tries,
      )[tries[0]!];
    expect(scoped('app:bank')).toBe('source');
    expect(scoped('app:shop')).toBe('');
    expect(scoped('', 'role:web -app:bank')).toBe('');
    expect(scoped('', 'ams')).toBe('source');
    expect(scoped('', '-role:db')).toBe('source');
  });

  it('speaks for Pods of the namespace of the Service alone, and opens no ClusterIP that leads to a stranger', () => {
    const leadingTo = (who: string, over: Partial<TownService> = {}) =>
      judged(
        {
          ...inRules(['env:dev', 'role:web app:bank', AS_SERVICES]),
          fronts: [{ ...FRONT, ports: ['80 → db:5432', `80 → ${who}:5432`], ...over }],
          modes: { bare: 'visibility_only' },
        },
        [`trial ${FRONT.address}:80`, 'trial db:5432'],
      );
    const open = { [`trial ${FRONT.address}:80`]: 'source', 'trial db:5432': 'source, destination' };
    expect(leadingTo('teller')).toEqual(open);
    // Neither an address outside, nor a host, nor a node is a Pod of the namespace.
    for (const who of ['203.0.113.9', 'host', 'node-1'])
      expect(leadingTo(who)).toEqual({ ...open, [`trial ${FRONT.address}:80`]: '' });
    // Pods of another namespace are opened by nobody's Service, and judge for themselves as long as they are in full.
    expect(leadingTo('teller', { namespace: 'elsewhere' })).toEqual({
      [`trial ${FRONT.address}:80`]: '',
      'trial db:5432': '',
    });
  });

  it('gives way to a deny rule that overrides, and comes before one that does not', () => {
    const beside = (override: boolean) =>
      judged(
        {
          fronts: [FRONT],
          rule_sets: [
            rules(
              [],
              allow('env:dev', 'role:web', AS_SERVICES),
              deny('env:dev', 'role:db', { override, ports: [{ proto: -1 }] }),
            ),
          ],
        },
        ['trial db:5432'],
      )['trial db:5432'];
    expect([beside(true), beside(false)]).toEqual(['', 'source, destination']);
  });

  it('has its place among the rules: the first that allows is named', () => {
    const town = (first: boolean) => {
      const own = rules([], allow('env:dev', 'role:web', AS_SERVICES));
      const plain = rules([], allow('env:dev', 'role:db', { ports: [{ proto: 6, from: 5432 }] }));
      const sets = first
        ? [own, plain]
        : [
            { ...plain, id: own.id },
            { ...own, id: plain.id },
          ];
      const judges = new Town({ fronts: [FRONT], rule_sets: sets });
      return judges.judged('destination', 'trial', 'db', { proto: 6, port: 5432 });
    };
    for (const isFirst of [true, false]) {
      const { engine, words } = town(isFirst);
      expect(engine).toEqual(words);
      expect(engine?.verdict).toBe('allowed');
    }
  });
});

it('Services that ask others are the Pods behind them', () => {
  const policy = inRules([
    'role:web app:bank',
    'workload:bare',
    { resolveConsumersAs: ['virtual_services'] },
  ]);
  expect(judged(policy, ['db bare:80', 'teller bare:80', 'db bare:81'])).toEqual({
    'db bare:80': 'source, destination',
    'teller bare:80': '',
    'db bare:81': '',
  });
});
