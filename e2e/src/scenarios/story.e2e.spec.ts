/** The story of the README: see flows, write rules, provision, enforce, and watch the kernel drop what nobody allowed. */
import { describe, expect, it } from 'vitest';
import { kubectl, ringfence } from '../command-line.js';
import { connect, eventually, readyPods, recentFlows, serviceAddress } from '../world.js';

describe('the story of the demo', () => {
  it('shows which connections exist and that no rule allows them', async () => {
    await eventually(
      'the calls of both shops, potentially blocked',
      async () => {
        const found = await recentFlows();
        const calls = new Set(
          found.map(({ src, dst, service }) => `${src.workload?.name}>${dst.workload?.name}:${service.port}`),
        );
        const expected = ['web>api:8081', 'api>db:5432', 'reports>db:5432'];
        return (
          expected.every((call) => calls.has(call)) &&
          found.some((flow) => flow.policy_decision === 'potentially_blocked')
        );
      },
      60_000,
    );
  });

  it('keeps a draft from having any effect, and enforces it once provisioned', async () => {
    await ringfence('policy', 'apply', '-f', 'deploy/demo/policy.yaml');
    expect(await ringfence('policy', 'pending')).toContain('shop');
    await ringfence('policy', 'provision', '-m', 'the shop');
    await ringfence('mode', 'shop-prod', 'full');

    const [reports] = await readyPods('shop-dev', 'reports');
    const [db] = await readyPods('shop-prod', 'db');
    const [api] = await readyPods('shop-prod', 'api', 2);
    const [web] = await readyPods('shop-prod', 'web', 2);
    await eventually(
      'production drops what development sends',
      async () => (await connect(reports!, db!.address, 5432)) === 'dropped',
    );
    const database = await serviceAddress('shop-prod', 'db');
    expect(await connect(api!, db!.address, 5432)).toBe('open');
    expect(await connect(api!, database, 5432)).toBe('open');
    expect(await connect(web!, api!.address, 8081)).toBe('open');
    expect(await connect(web!, db!.address, 5432)).toBe('dropped');
  });

  it('names the verdict and the rule of every connection', async () => {
    await eventually(
      'reports is blocked, web is allowed by a rule',
      async () => {
        const found = await recentFlows();
        const blocked = found.some(
          (f) => f.src.workload?.name === 'reports' && f.policy_decision === 'blocked',
        );
        const allowed = found.some(
          (f) =>
            f.dst.workload?.name === 'api' && f.policy_decision === 'allowed' && (f.rules?.length ?? 0) > 0,
        );
        return blocked && allowed;
      },
      60_000,
    );
  });

  it('lets a person try both from inside a Pod', async () => {
    const tried = (namespace: string, deployment: string, target: string) =>
      kubectl('-n', namespace, 'exec', `deploy/${deployment}`, '--', 'nc', '-zv', target, '5432');
    const { code, words } = await tried('shop-dev', 'reports', 'db.shop-prod');
    expect(words).toContain('nc: db.shop-prod 5432: timed out');
    expect(code).not.toBe(0);
    expect(await tried('shop-prod', 'api', 'db')).toEqual({ code: 0, words: 'nc: db 5432: open\n' });
  });

  it('explains both', async () => {
    expect(await ringfence('explain', 'shop-dev/reports', 'shop-prod/db', '5432')).toMatch(/blocked/);
    expect(await ringfence('explain', 'shop-prod/api', 'shop-prod/db', '5432')).toMatch(/allowed/);
  });
});
