/**
 * `npm start -- --simulate`: the same control plane, cluster and contracts without root and without a kernel. What the
 * policy engine says must change as the kernel's word would. A stack of its own, beside the one of the other scenarios.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ExplainResponse } from '@ringfence/contracts';
import { flows, freePort, parseOptions, Progress, Stack } from '@ringfence/up';
import type { FlowRow } from '@ringfence/up';
import { eventually } from '../world.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');
const dataDirectory = mkdtempSync(join(tmpdir(), 'ringfence-simulate-'));

let stack: Stack;
let running: Awaited<ReturnType<Stack['start']>>;
const crashes: string[] = [];

beforeAll(async () => {
  const port = String(await freePort());
  const options = parseOptions(['--simulate', '--data', dataDirectory, '--port', port], ROOT);
  if (options === 'help') throw new Error('unreachable');
  stack = new Stack(options, new Progress(() => undefined), ({ name, how }) =>
    crashes.push(`${name}: ${how}`),
  );
  vi.stubEnv('RINGFENCE_FLOW_INTERVAL_SECONDS', '1');
  running = await stack.start();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await stack.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

async function ringfence(...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    RINGFENCE_URL: running.access.url,
    RINGFENCE_ORG_ID: '1',
    RINGFENCE_API_KEY: running.access.key,
    RINGFENCE_API_SECRET: running.access.secret,
    RINGFENCE_CLUSTER_ID: running.clusterId,
    KUBECONFIG: running.sandbox.kubeconfig,
  };
  const program = join(ROOT, 'tools/cli/bin/ringfence.mjs');
  const { stdout } = await run(process.execPath, [program, ...args], { env, cwd: ROOT });
  return stdout;
}

/** `consumer>provider:port verdict`, and whether a rule is named. */
async function verdicts(): Promise<Set<string>> {
  const told = (flow: FlowRow): string =>
    `${flow.src.workload?.name}>${flow.dst.workload?.name}:${flow.service.port} ${flow.policy_decision}`;
  const found = await flows(running.api);
  return new Set(
    found.flatMap((flow) => [told(flow), ...(flow.rules?.length ? [`${told(flow)} by rule`] : [])]),
  );
}
function toBeSeen(what: string, ...expected: string[]): Promise<void> {
  return eventually(what, async () => {
    const seen = await verdicts();
    return expected.every((each) => seen.has(each));
  });
}

const now = (): string => new Date().toISOString();

const explained = async (at?: string): Promise<ExplainResponse> => {
  const then = at === undefined ? [] : ['--at', at];
  return JSON.parse(
    await ringfence('explain', 'shop-prod/web', 'shop-prod/api', '8081', ...then, '-o', 'json'),
  ) as ExplainResponse;
};
const untilExplained = (what: string, isSo: (answer: ExplainResponse) => boolean): Promise<void> =>
  eventually(what, async () => isSo(await explained()));

describe('a simulated stack', () => {
  it('says so where whoever asks the sandbox looks', () => {
    const description = readFileSync(running.sandbox.descriptionFile, 'utf8');
    expect(JSON.parse(description)).toMatchObject({ simulated: true });
    expect(running.sandbox.nodes.every(({ netns }) => netns === undefined)).toBe(true);
  });

  it('shows who would call whom, and that no rule allows it', async () => {
    await toBeSeen(
      'the calls of the shop',
      'web>api:8081 potentially_blocked',
      'api>db:5432 potentially_blocked',
      'reports>db:5432 potentially_blocked',
    );
  });

  it('draws the graph of it by role, without what every cluster has', async () => {
    interface Edge {
      readonly from: string;
      readonly to: string;
      readonly port: string;
    }
    const edges = JSON.parse(await ringfence('map', '-n', 'shop-prod', '-o', 'json')) as Edge[];
    expect(edges.map(({ from, to, port }) => `${from} ${to} ${port}`)).toEqual(
      expect.arrayContaining([
        'shop-prod/web shop-prod/api 8081/tcp',
        'shop-prod/api shop-prod/db 5432/tcp',
        'shop-dev/batch shop-prod/db 5432/tcp',
      ]),
    );
    expect(edges.filter(({ to }) => to.startsWith('kube-system'))).toEqual([]);
    const file = join(dataDirectory, 'shop.svg');
    await ringfence('map', '-n', 'shop-prod', '-o', file);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg [^]*>batch<[^]*<\/svg>\n$/);
  });

  it('allows what provisioned rules allow and blocks the rest in full', async () => {
    await ringfence('policy', 'apply', '-f', 'deploy/demo/policy.yaml');
    await ringfence('policy', 'provision', '-m', 'the shop');
    await ringfence('mode', 'shop-prod', 'full');
    await toBeSeen(
      'the shop allowed by its rules, development cut off from production',
      'web>api:8081 allowed by rule',
      'api>db:5432 allowed by rule',
      'reports>db:5432 blocked',
    );
  });

  it('labels a workload and a namespace from the command line, and says which annotation got no label', async () => {
    await ringfence('label', 'shop-dev/reports', 'role=reporting');
    await ringfence('label', '--namespace', 'shop-dev', 'loc=lab');
    await eventually('the labels and the annotation that they overrule', async () => {
      const shown = await ringfence('workloads', '-n', 'shop-dev');
      const [line = ''] = shown.split('\n').filter((each) => / Deployment +reports /.test(each));
      const isLabelled = ['role=reporting', 'loc=lab', 'app=shop'].every((label) => line.includes(label));
      return isLabelled && /com\.illumio\.role: batch +another annotation/.test(shown);
    });
  });

  it('explains a connection as it was then, after its mode, its labels and its rules have changed', async () => {
    const full = await explained();
    expect(full).toMatchObject({ verdict: 'allowed', egress: { mode: 'full' } });
    const moments = [now()];
    await ringfence('mode', 'shop-prod', 'visibility_only');
    await untilExplained('its mode', ({ egress }) => egress?.mode === 'visibility_only');
    moments.push(now());
    await ringfence('label', 'shop-prod/api', 'role=reporting');
    await untilExplained('its label', ({ verdict }) => verdict === 'potentially_blocked');
    moments.push(now());
    const rules = join(dataDirectory, 'reporting.yaml');
    const rule = '{ from: { role: web }, to: { role: reporting }, on: [8081/tcp] }';
    writeFileSync(rules, `rule_sets: [{ name: reporting, scopes: [{ app: shop }], rules: [${rule}] }]`);
    await ringfence('policy', 'apply', '-f', rules, '--provision', '--yes');
    await untilExplained('its rule', ({ verdict }) => verdict === 'allowed');
    moments.push(now());
    const then = await Promise.all(moments.map(explained));
    expect(
      then.map(({ verdict, egress, ingress }) => [verdict, egress?.mode, ingress?.rule?.name ?? null]),
    ).toEqual([
      ['allowed', 'full', full.ingress?.rule?.name],
      ['allowed', 'visibility_only', full.ingress?.rule?.name],
      ['potentially_blocked', 'visibility_only', null],
      ['allowed', 'visibility_only', expect.stringMatching(/^reporting \/ rule \d+$/)],
    ]);
    expect(then.map(({ policyVersion }) => policyVersion - full.policyVersion)).toEqual([0, 0, 0, 1]);
    expect(then.map(({ ingress }) => ingress?.labels.find((label) => label.startsWith('role=')))).toEqual([
      ...['role=api', 'role=api', 'role=reporting', 'role=reporting'],
    ]);
    expect(then[2]?.ingress?.origins).toContainEqual({
      ...{ label: 'role=reporting', by: 'annotation' },
      from: expect.stringMatching(/^annotation \S+role$/) as string,
    });
    expect(then.every(({ at, notes }) => at !== null && notes.some((note) => note.includes(at)))).toBe(true);
    await expect(explained('2020-01-31T12:00:00Z')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /the oldest moment that can be asked is 2\S+ \(moment_not_kept\)/,
      ) as string,
    });
    await expect(explained('2120-01-31T12:00:00Z')).rejects.toMatchObject({
      stderr: expect.stringContaining('moment_in_future') as string,
    });
  });

  it('lost none of its processes on the way', () => {
    expect(crashes).toEqual([]);
  });
});
