/** Policy as documents in a folder, as a repository has it: applied once, judged before, deleted by its owner, and written as it was. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployment, managedNamespace, removeNamespace } from '../application.js';
import { ringfence, ringfenceSaid } from '../command-line.js';
import { api, apply, readyPod } from '../world.js';

const NAMESPACE = 'as-code';
const root = mkdtempSync(join(tmpdir(), 'ringfence-code-'));
const folder = join(root, 'policies');

beforeAll(async () => {
  mkdirSync(folder);
  await managedNamespace(NAMESPACE, { app: NAMESPACE }, 'visibility_only');
  await apply(deployment(NAMESPACE, 'stranger', { port: 8080 }));
  await readyPod(NAMESPACE, 'stranger');
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await removeNamespace(NAMESPACE);
});

function document(path: string, text: string): string {
  writeFileSync(path, text);
  return path;
}

describe('policy as code', () => {
  const OWNED = `
owner: guide
labels: [{ key: app, value: guide-code }]
ip_lists: [{ name: guide office, ranges: [10.1.2.3/8, '!10.9.0.0/16'], fqdns: [example.com] }]
label_groups: [{ name: guide apps, key: app, labels: [guide-code] }]
virtual_services: [{ name: guide shop, labels: { app: guide-code }, service: guide web, workloads: [{ workload: ${NAMESPACE}/stranger, ports: {} }] }]
`;
  const RULES = `
owner: guide
rule_sets:
  - name: guide code
    scopes: [{ label_group: guide apps }]
    rules:
      - { from: { ip_list: guide office }, to: { virtual_service: guide shop }, labels_as: { to: virtual_services } }
      - { from: { ip_list: guide office }, to: all, on: [guide web, 53/udp] }
boundaries: [{ name: guide boundary, from: { app: guide-code }, to: all, on: [22/tcp] }]
---
owner: guide
services: [{ name: guide web, ports: [8080/tcp, icmp/8] }]
`;
  const apply_ = (path: string): Promise<string> =>
    ringfence('policy', 'apply', '-f', path, '--provision', '--yes');
  const writes = async (): Promise<number> => {
    const events = await api.get<{ event_type: string }[]>('/events?max_results=10000');
    return events.length;
  };

  it('is applied from a folder once: another time nothing is sent', async () => {
    document(join(folder, 'a-objects.yaml'), OWNED);
    document(join(folder, 'z-rules.yaml'), RULES);
    const differs = await ringfenceSaid('policy', 'diff', '-f', folder, '-o', 'json');
    expect(differs).toMatchObject({ code: 1 });
    expect(JSON.parse(differs.words)).toMatchObject({
      labels: ['app=guide-code'],
      what_if: { workloads_affected: expect.any(Number) as number },
    });
    await apply_(folder);
    expect(await ringfence('policy', 'diff', '-f', folder)).toBe('Nothing would change.\n');
    const before = await writes();
    expect(await ringfence('policy', 'apply', '-f', folder)).toContain('Nothing to change');
    expect(await writes()).toBe(before);
  });

  it('is written as it was, after all of it was deleted by its owner and applied from what was written', async () => {
    const written = await ringfence('policy', 'export');
    const kept = document(join(root, 'kept.yaml'), written);
    const nothing = document(join(root, 'nothing.yaml'), 'owner: guide');
    const deletes = await ringfenceSaid('policy', 'diff', '-f', nothing);
    expect(deletes).toEqual({
      code: 1,
      words: expect.stringContaining('- rule set guide code (deleted)') as string,
    });
    const gone = await apply_(nothing);
    expect(gone).not.toContain('waiting');
    expect(await ringfence('policy', 'export')).not.toContain('guide office');
    await apply_(kept);
    expect(await ringfence('policy', 'export')).toBe(written);
    await apply_(nothing);
  });

  it('is not taken from its owner by documents of another', async () => {
    await apply_(folder);
    const others = document(
      join(root, 'others.yaml'),
      'owner: others\nservices: [{ name: guide web, ports: [1/tcp] }]',
    );
    expect(await ringfenceSaid('policy', 'apply', '-f', others)).toMatchObject({
      code: 2,
      words: expect.stringContaining(
        'others.yaml:2: services[0].name: "guide web" belongs to "guide", not to "others"',
      ) as string,
    });
    await apply_(document(join(root, 'nothing.yaml'), 'owner: guide'));
  });

  it('is written as NetworkPolicies, which an API server takes, with what they cannot say', async () => {
    const rules = `
owner: guide
labels: [{ key: app, value: ${NAMESPACE} }, { key: role, value: web }]
services: [{ name: guide ping, ports: [8080/tcp, icmp/8] }]
rule_sets:
  - name: guide exported
    scopes: [{ app: ${NAMESPACE} }]
    rules:
      - { from: { role: web }, to: all, on: [guide ping] }
`;
    await apply_(document(join(root, 'exported.yaml'), rules));
    const asked = ['--as', 'network-policies', '--rule-set', 'guide exported', '--namespace', NAMESPACE];
    const { code, words } = await ringfenceSaid('policy', 'export', ...asked, '--pod-label', 'role=app');
    expect(code).toBe(0);
    expect(words).toContain('ICMP (protocol_not_said)');
    const manifests = await ringfence('policy', 'export', ...asked, '--pod-label', 'role=app', '-o', 'json');
    const { network_policies: policies } = JSON.parse(manifests) as { network_policies: never[] };
    expect(policies).toHaveLength(3);
    await apply(...policies);
    await apply_(document(join(root, 'nothing.yaml'), 'owner: guide'));
  });

  it('is refused as a whole where one document is wrong, with file, line and field', async () => {
    document(
      join(folder, 'wrong.yaml'),
      'boundaries:\n  - { name: guide x, from: { app: nobody-has-it }, to: all, on: [22/tcp] }',
    );
    const said = await ringfenceSaid('policy', 'diff', '-f', folder);
    expect(said).toEqual({
      code: 2,
      words: expect.stringContaining(
        'wrong.yaml:2: boundaries[0].from.app: there is no label "app=nobody-has-it"',
      ) as string,
    });
    expect((await ringfenceSaid('policy', 'apply', '-f', folder)).code).toBe(2);
    expect(await ringfence('policy', 'show', 'draft')).not.toContain('guide code');
  });
});
