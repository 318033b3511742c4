/** For specs: a shop with a web server and a database, told to policy-compute, and what its cluster reads of it. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { makeLabelSet } from '@ringfence/labels';
import { eventually } from '@ringfence/testing';
import { hashOfKeys } from '../adapters/policy-lane.js';
import { readPolicy, startPolicyFixture } from './policy-fixture.js';
import type { PolicyFixture, PolicyReader } from './policy-fixture.js';
import { CLUSTER } from './told-facts.js';

export const ROLE_WEB = '11';
export const ROLE_DB = '12';
export const APP_SHOP = '13';
export const WEB = randomUUID();
export const DB = randomUUID();
export const labelSetOf = (labels: string[]): string =>
  makeLabelSet({ cluster: CLUSTER, namespace: 'shop', class: 'pod', labels }).id;
export const label = (id: string) => ({ label: { href: `/orgs/1/labels/${id}` } });

/** The web server may speak with the database. */
export const SHOP_RULE_SET = {
  name: 'Shop',
  scopes: [[label(APP_SHOP)]],
  rules: [
    {
      providers: [label(ROLE_DB)],
      consumers: [label(ROLE_WEB)],
      ingress_services: [{ proto: 6, port: 5432 }],
      resolve_labels_as: { providers: ['workloads'], consumers: ['workloads'] },
    },
  ],
};

export interface Shop {
  readonly fixture: PolicyFixture;
  readonly reader: PolicyReader;
  /** The cluster has been told all that was told here, under this version. */
  settled(policyVersion: number): Promise<void>;
  close(): Promise<void>;
}

/** Nothing of it is told yet. */
export async function openShop(): Promise<Shop> {
  const fixture = await startPolicyFixture();
  const reader = await readPolicy(fixture.bus);
  return {
    fixture,
    reader,
    settled: async (policyVersion) => {
      const expected = (): unknown => ({
        policyVersion,
        hash: hashOfKeys(reader.keys()),
        facts: fixture.told(),
      });
      const committed = (): unknown => ({
        policyVersion: reader.commit()?.policyVersion,
        hash: reader.commit()?.hash,
        facts: reader.commit()?.facts,
      });
      await eventually(
        () => ({ committed: committed(), expected: expected() }),
        (seen) => isDeepStrictEqual(seen.committed, seen.expected),
      );
    },
    close: async () => {
      await reader.close();
      await fixture.close();
    },
  };
}

export async function tellShop(fixture: PolicyFixture): Promise<void> {
  await fixture.label({ id: ROLE_WEB, key: 'role', value: 'web' });
  await fixture.label({ id: ROLE_DB, key: 'role', value: 'db' });
  await fixture.label({ id: APP_SHOP, key: 'app', value: 'shop' });
  await fixture.profile({ namespace: 'shop', mode: 'full' });
  const origins = [{ label: ROLE_WEB, by: 'annotation', name: 'com.illumio.role' } as const];
  const refused = [
    { key: 'env', annotation: 'com.illumio.env', value: 'prod', reason: 'not-in-list' } as const,
  ];
  await fixture.entity({ id: WEB, name: 'web', labels: [ROLE_WEB, APP_SHOP], origins, refused });
  await fixture.entity({ id: DB, name: 'db', labels: [ROLE_DB, APP_SHOP] });
}
