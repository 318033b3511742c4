import type { ExplainRequest, ExplainResponse, PolicyObjects } from '@ringfence/contracts';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { entity, label } from '../testing/fact-builders.js';
import { objectsWith } from '../testing/labelled-world.js';
import { entitiesNamed } from './entities-named.js';
import { explainByLabels } from './explanation.js';
import { coversHostName, isHostName } from './host-names.js';
import { factsOf } from './past-world.js';
import { PolicyPreview } from './policy-preview.js';

const web = entity('web');
const service = entity('front', { class: 'service', kind: 'Service', name: 'web' });
const list = (id: string, ...fqdns: string[]): PolicyObjects['ip_lists'][number] => ({
  ...{ id, name: `list ${id}`, description: '', ranges: [] },
  fqdns: fqdns.map((fqdn) => ({ fqdn, description: '' })),
});
const everything = {
  ...list('9'),
  ranges: [{ from: '0.0.0.0/0', to: null, exclusion: false, description: '' }],
};

/** From everybody to a list, on 443. */
const outTo = (id: string): PolicyObjects['rule_sets'][number] =>
  ({
    ...{ id: '1', name: 'Out', description: '', enabled: true, scopes: [] },
    rules: [
      {
        ...{ id: '1', enabled: true, description: '', unscopedConsumers: false },
        providers: [{ kind: 'ip_list', id, exclusion: false }],
        consumers: [{ kind: 'ams', exclusion: false }],
        services: [{ kind: 'ports', ports: { proto: 6, from: 443 } }],
        ...{ resolveProvidersAs: ['workloads'], resolveConsumersAs: ['workloads'] },
      },
    ],
    denyRules: [],
  }) as unknown as PolicyObjects['rule_sets'][number];

function explained(
  to: string,
  lists: PolicyObjects['ip_lists'],
  asked: Partial<z.output<typeof ExplainRequest>> = {},
): ExplainResponse {
  const [first] = lists;
  const objects = { ...objectsWith(outTo(first!.id)), ip_lists: lists };
  const facts = factsOf([web, service], [label('1', 'role', 'web')]);
  const standings = new PolicyPreview(facts).with(objects);
  const answer = explainByLabels(
    { from: 'shop/web', to, port: 443, proto: 6, policy: 'active', ...asked },
    {
      ...{ entities: new Map([web, service].map((one) => [one.id, one])), objects, policyVersion: 1 },
      labels: new Map([['1', label('1', 'role', 'web')]]),
      standing: (cluster) => standings.get(cluster),
      ruleName: () => 'Out / rule 1',
    },
    'because',
  );
  if ('reason' in answer) throw new Error(answer.message);
  return answer;
}

describe('a host name as an end', () => {
  it('is allowed by an entry of its name, and the answer says that no kernel enforces that yet', () => {
    for (const entry of ['api.example.com', '*.example.com', 'API.Example.com.']) {
      expect(explained('api.example.com', [list('1', entry)])).toMatchObject({
        verdict: 'allowed',
        egress: {
          rule: { name: 'Out / rule 1' },
          inForce: { state: 'no', message: /not enforced yet: in the kernel it is blocked/ },
        },
        ingress: null,
        summary: expect.stringMatching(/allowed by Out \/ rule 1; not in force/) as string,
      });
    }
  });

  it('is blocked where no entry means it, with the nearest rule, and that is in force', () => {
    const answer = explained('api.example.org', [list('1', '*.example.com')]);
    expect(answer).toMatchObject({ verdict: 'blocked', egress: { rule: null, inForce: null } });
    expect(explained('api.example.com', [list('1', '*.example.com')], { port: 80 }).nearest).toEqual([
      'Out / rule 1: it is for 443/tcp',
    ]);
  });

  it('is in a list of all addresses, which is enforced', () => {
    expect(explained('api.example.com', [everything])).toMatchObject({
      verdict: 'allowed',
      egress: { inForce: null },
    });
  });

  it('is a name with a domain: no pattern, and no single word', () => {
    expect(['api.example.com', 'a.b'].every(isHostName)).toBe(true);
    expect(['*.example.com', 'web', 'shop/web', 'a b.c', '.'].some(isHostName)).toBe(false);
  });

  it('is below a pattern at any depth, and never the domain itself, nor one that only ends alike', () => {
    expect(coversHostName('*.example.com', 'a.b.example.com')).toBe(true);
    expect(coversHostName('*.example.com', 'example.com')).toBe(false);
    expect(coversHostName('*.example.com', 'myexample.com')).toBe(false);
    expect(coversHostName('example.com', 'a.example.com')).toBe(false);
  });
});

describe('a name with a word in front', () => {
  const known = { entities: new Map([web, service].map((one) => [one.id, one])) };
  it.each([
    ['shop/web', web],
    ['workload:shop/web', web],
    ['service:shop/web', service],
    ['web.shop.svc', service],
    ['web.shop.svc.cluster.local', service],
  ])('%s means one of those that are called so', (text, meant) => {
    expect(entitiesNamed(text, known)).toEqual([meant]);
  });
  it('means nobody of another kind', () => {
    expect(entitiesNamed('node:shop/web', known)).toEqual([]);
    expect(entitiesNamed('pod:shop/web', known)).toEqual([]);
  });
});
