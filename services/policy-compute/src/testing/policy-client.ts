/** For specs: a REST client of policy-compute among three labels and one workload. */
import { randomUUID } from 'node:crypto';
import { API } from '@ringfence/contracts';
import type { ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { startPolicyFixture } from './policy-fixture.js';
import type { PolicyFixture } from './policy-fixture.js';

export const DRAFT = '/orgs/1/sec_policy/draft';
export const ACTIVE = '/orgs/1/sec_policy/active';

export type Body = Record<string, unknown> & { href: string };

export interface PolicyClient {
  readonly fixture: PolicyFixture;
  ask(collection: string, op: string, rest?: Partial<ResourceRequest>): Promise<ResourceResponse>;
  /** What is answered has the form that the contract says. */
  create(collection: string, body: unknown, ids?: string[]): Promise<Body>;
  get(collection: string, ids: string[], pversion?: string): Promise<Body>;
  provision(subset?: Record<string, { href: string }[]>): Promise<ResourceResponse>;
  close(): Promise<void>;
}

export async function startPolicyClient(): Promise<PolicyClient> {
  const fixture = await startPolicyFixture();
  await tellWhatItKnows(fixture);
  const ask: PolicyClient['ask'] = (collection, op, rest = {}) => fixture.request(collection, op, rest);
  const item = ({ body }: ResourceResponse, collection: string): Body => {
    API[collection]!.item.parse(body);
    return body as Body;
  };
  return {
    fixture,
    ask,
    create: async (collection, body, ids = []) =>
      item(await ask(collection, 'create', { body, ids }), collection),
    get: async (collection, ids, pversion = 'draft') =>
      item(await ask(collection, 'get', { ids, pversion }), collection),
    provision: (subset) =>
      ask('sec_policy', 'provision', {
        body: { update_description: '', ...(subset && { change_subset: subset }) },
      }),
    close: () => fixture.close(),
  };
}

/** Labels 1 (role web), 2 (role db) and 3 (app shop); a workload with the first. */
async function tellWhatItKnows(fixture: PolicyFixture): Promise<void> {
  const workload = randomUUID();
  await fixture.label({ id: '1', key: 'role', value: 'web' });
  await fixture.label({ id: '2', key: 'role', value: 'db' });
  await fixture.label({ id: '3', key: 'app', value: 'shop' });
  await fixture.entity({ id: workload, name: 'web', labels: ['1'] });
  // Of a draft no cluster is asked: none answers here.
  const explain = { from: workload, to: '192.0.2.1', port: 1, proto: 6, policy: 'draft' } as const;
  await eventually(() =>
    fixture.service.explain(explain).then(
      () => true,
      () => false,
    ),
  );
}

export const idOf = (body: { href: string }): string => body.href.split('/').at(-1)!;
export const label = (id: string) => ({ label: { href: `/orgs/1/labels/${id}` } });
export const ruleBody = {
  providers: [{ actors: 'ams' }],
  consumers: [label('1')],
  ingress_services: [{ href: `${DRAFT}/services/1` }],
};
let names = 0;
/** That nobody has. */
export const name = (): string => `object ${++names}`;
