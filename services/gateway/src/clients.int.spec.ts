import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRAFT, name, ORG } from './testing/client.js';
import type { Cases, Client } from './testing/client.js';
import { clusters, profiles } from './testing/clients/containers.js';
import { connection, settings, traffic } from './testing/clients/connection.js';
import { labelGroups, labels, labelTypes } from './testing/clients/labels.js';
import { networks, pairingProfiles, workloads } from './testing/clients/machines.js';
import {
  ipLists,
  serviceBindings,
  services,
  versions,
  virtualServices,
} from './testing/clients/policy-objects.js';
import { programs } from './testing/clients/programs.js';
import { boundaries, rules, ruleSets } from './testing/clients/rules.js';
import { startControlSide } from './testing/control-side.js';
import type { ControlSide } from './testing/control-side.js';
import { badInputPromises } from './testing/fuzz/bad-input.suite.js';
import { generatedClientPromises } from './testing/generated-client.suite.js';
import { writtenBackPromises } from './testing/written-back.suite.js';

const AT_ONCE = 4;
const ROUNDS = 4;

const COLLECTIONS: Readonly<Record<string, Cases>> = {
  connection,
  labels,
  'label types': labelTypes,
  'label groups': labelGroups,
  'IP lists': ipLists,
  services,
  'virtual services': virtualServices,
  'service bindings': serviceBindings,
  'rule sets': ruleSets,
  rules,
  'enforcement boundaries': boundaries,
  versions,
  workloads,
  networks,
  'pairing profiles': pairingProfiles,
  'container clusters': clusters,
  'container workload profiles': profiles,
  'traffic queries': traffic,
  settings,
  'all that there is': programs,
};

let controlSide: ControlSide;

const made = async (client: Client, path: string, body: unknown): Promise<string> =>
  (await client.made(path, body)).href;
const label = (client: Client): Promise<string> =>
  made(client, `${ORG}/labels`, { key: 'app', value: name() });
const workload = (client: Client, labels: readonly string[] = []): Promise<string> =>
  made(client, `${ORG}/workloads`, { name: name(), labels: labels.map((href) => ({ href })) });
const ruleSet = (client: Client, labels: readonly string[] = []): Promise<string> =>
  made(client, `${DRAFT}/rule_sets`, { name: name(), scopes: [labels.map((href) => ({ label: { href } }))] });
const rule = (from: string, to: string): object => ({
  enabled: true,
  resolve_labels_as: { consumers: ['workloads'], providers: ['workloads'] },
  ingress_services: [{ proto: 6, port: 80 }],
  consumers: [{ workload: { href: from } }],
  providers: [{ workload: { href: to } }],
});

/** Many clients at once, each over and over. */
async function byAll(story: (client: Client) => Promise<void>): Promise<void> {
  const clients = await Promise.all(Array.from({ length: AT_ONCE }, () => controlSide.newClient()));
  await Promise.all(
    clients.map(async (client) => {
      for (let round = 0; round < ROUNDS; round++) await story(client);
    }),
  );
}

beforeAll(async () => {
  controlSide = await startControlSide();
});
afterAll(() => controlSide.close());

describe('what a client has written', () => {
  it('is there for what names it, whoever owns that', async () => {
    await byAll(async (client) => {
      const one = await label(client);
      await ruleSet(client, [one]);
      const other = await label(client);
      await workload(client, [other]);
      const third = await label(client);
      await made(client, `${DRAFT}/label_groups`, { name: name(), key: 'app', labels: [{ href: third }] });
    });
  });

  it('is there for what names it also where a third service stands in between', async () => {
    await byAll(async (client) => {
      const set = await ruleSet(client);
      const [from, to] = [await workload(client), await workload(client)];
      await made(client, `${set}/sec_rules`, rule(from, to));
    });
  });

  it('is not taken away under what was written before', async () => {
    await byAll(async (client) => {
      const used = await label(client);
      await workload(client, [used]);
      await client.refused('DELETE', used);
      const scope = await label(client);
      await ruleSet(client, [scope]);
      await client.refused('DELETE', scope);
    });
  });

  it('is gone everywhere when it was deleted', async () => {
    await byAll(async (client) => {
      const gone = await label(client);
      await client.remove(gone);
      const scopes = [[{ label: { href: gone } }]];
      await client.refused('POST', `${DRAFT}/rule_sets`, { name: name(), scopes });
      const labels = [{ href: gone }];
      await client.refused('POST', `${ORG}/workloads`, { name: name(), labels });
    });
  });

  it('is shown with its new name by everything that shows it', async () => {
    await byAll(async (client) => {
      const href = await label(client);
      const [server, value] = [await workload(client, [href]), name()];
      await client.put(href, { value });
      expect((await client.get(server))['labels']).toEqual([expect.objectContaining({ href, value })]);
    });
  });

  it('is in the audit trail', async () => {
    await byAll(async (client) => {
      for (const [type, write] of [
        ['label.create', label],
        ['workload.create', workload],
        ['rule_set.create', ruleSet],
      ] as const) {
        const href = await write(client);
        const events = await client.list(`${ORG}/events?event_type=${type}&max_results=50`);
        expect(JSON.stringify(events)).toContain(`"${href}"`);
      }
    });
  });
});

describe('what clients send, and count on, of', () => {
  let client: Client;
  beforeAll(async () => {
    client = await controlSide.newClient();
  });

  describe.each(Object.entries(COLLECTIONS))('%s:', (_, cases) => {
    it.each(Object.entries(cases))('%s', (__, run) => run(client));
  });
});

writtenBackPromises(() => controlSide.newClient());
generatedClientPromises(() => controlSide.urlOf());
badInputPromises(() => controlSide);
