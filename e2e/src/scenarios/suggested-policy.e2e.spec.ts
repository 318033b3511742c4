/** From traffic to enforced without a rule written by hand: seen, suggested, applied, in full. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WhatIfAnswer } from '@ringfence/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployment, label, managedNamespace, removeNamespace, service } from '../application.js';
import { ringfence, ringfenceSaid } from '../command-line.js';
import { api, apply, connect, eventually, kubernetes, readyPods } from '../world.js';

const APP = 'market';
const INTRUDER = 'market-yard';
/** A draft that is nobody's business here. */
const OTHERS = 'list of somebody else';
const folder = mkdtempSync(join(tmpdir(), 'ringfence-suggest-'));
const file = join(folder, 'market.yaml');

beforeAll(async () => {
  const roles = ['web', 'api', 'db'].map((role) => `${APP}-${role}`);
  for (const role of roles) await label('role', role);
  await managedNamespace(APP, { app: APP, env: 'test' }, 'visibility_only');
  await managedNamespace(INTRUDER, { app: INTRUDER, env: 'test' }, 'visibility_only');
  await apply(
    deployment(APP, 'web', { role: `${APP}-web`, port: 8080, calls: ['api:8081'] }),
    deployment(APP, 'api', { role: `${APP}-api`, port: 8081, calls: ['db:5432'] }),
    deployment(APP, 'db', { role: `${APP}-db`, port: 5432 }),
    service(APP, 'api', 8081),
    service(APP, 'db', 5432),
    deployment(INTRUDER, 'thief', { port: 8080 }),
  );
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await removeNamespace(APP);
  await removeNamespace(INTRUDER);
});

describe('an application whose rules nobody wrote', () => {
  it('is seen, and the calls that it makes become rules in a file', async () => {
    await eventually(
      'a rule for each of the two calls',
      async () => {
        await ringfence('policy', 'suggest', APP, '-o', file);
        return existsSync(file) && (readFileSync(file, 'utf8').match(/- { from/g) ?? []).length === 2;
      },
      60_000,
    );
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(`from: { role: ${APP}-web }, to: { role: ${APP}-api }, on: [ 8081/tcp ]`);
    expect(text).toContain(`from: { role: ${APP}-api }, to: { role: ${APP}-db }, on: [ 5432/tcp ]`);
  });

  it('is shown what the file would change, in words and as an exit code, without anything being stored', async () => {
    const differs = ringfence('policy', 'diff', '-f', file);
    await expect(differs).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`allow from role=${APP}-web to role=${APP}-api on 8081/tcp`) as string,
    });
    await expect(ringfence('policy', 'what-if', APP, '-f', file)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`${APP}/api → ${APP}/db 5432/tcp`) as string,
    });
    const { code, words } = await ringfenceSaid('policy', 'what-if', APP, '-f', file, '-o', 'json');
    const { flows, flips } = JSON.parse(words) as Required<WhatIfAnswer>;
    expect([code, flows.changed.flows > 0, flows.left_out.beyond]).toEqual([1, true, 0]);
    expect(flips).toContainEqual(
      expect.objectContaining({
        dst: expect.objectContaining({ name: `${APP}/db` }) as unknown,
        ...{ service: { port: 5432, proto: 6 }, before: 'potentially_blocked', after: 'allowed' },
      }),
    );
    expect(await ringfence('policy', 'show', 'draft')).not.toContain(`${APP}-web`);
  });

  it('goes on working when the file is applied and everything else is dropped', async () => {
    const { href } = await api.post<{ href: string }>('/sec_policy/draft/ip_lists', {
      name: OTHERS,
      ip_ranges: [],
    });
    await ringfence('policy', 'apply', '-f', file, '--provision');
    expect(await ringfence('policy', 'pending')).toContain(OTHERS);
    await ringfence('policy', 'revert', OTHERS);
    await expect(api.get(href)).rejects.toThrow();
    expect(await ringfence('policy', 'diff', '-f', file)).toContain('Nothing would change');
    await ringfence('policy', 'what-if', APP, '-f', file);
    await expect(ringfence('mode', INTRUDER, 'full', '--dry-run')).resolves.toContain('would change nothing');
    await ringfence('mode', APP, 'full');
    const [web] = await readyPods(APP, 'web');
    const [backend] = await readyPods(APP, 'api');
    const [db] = await readyPods(APP, 'db');
    const [thief] = await readyPods(INTRUDER, 'thief');
    await eventually(
      'the intruder is dropped',
      async () => (await connect(thief!, db!.address, 5432)) === 'dropped',
    );
    expect(await connect(web!, backend!.address, 8081)).toBe('open');
    expect(await connect(backend!, db!.address, 5432)).toBe('open');
    expect(await connect(web!, db!.address, 5432)).toBe('dropped');
  });

  it('has a role for what is deployed later without one, and says at the workload which label there is not', async () => {
    const [later, wrong] = [`${APP}-later`, `${APP}-wrong`];
    await apply(
      deployment(APP, later, { port: 8082 }),
      service(APP, later, 8082),
      deployment(APP, wrong, { role: 'nobody', port: 8083 }),
    );
    await eventually('both have a role', async () => {
      const shown = await ringfence('workloads', '-n', APP);
      return ['Deployment', 'Service'].every((kind) =>
        shown.split('\n').some((line) => line.includes(kind) && line.includes(`role=${later}`)),
      );
    });
    const mends = 'ringfence labels create role nobody';
    expect(await ringfence('workloads', '-n', APP)).toContain(mends);
    await eventually('one event says so, too', async () => {
      const events = await kubernetes.list<{ reason: string; message: string }>(
        `/api/v1/namespaces/${APP}/events`,
      );
      const refused = events.filter(({ reason }) => reason === 'LabelRefused');
      return refused.length === 1 && refused[0]!.message.includes(mends);
    });
  });
});
