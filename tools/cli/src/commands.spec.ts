import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { endQuietlyWhenUnread } from './broken-pipe.js';
import { portOf } from './commands/enforcement.js';
import { flowColumns } from './flow-table.js';
import { sinceInstant } from './graph/flow-query.js';
import { endName } from './graph/flow-words.js';
import { runCommandLine } from './main.js';
import { render, tableOf } from './output.js';
import { parseEnv, readSettings } from './settings.js';
import type { Flow } from '@ringfence/contracts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folderWith(env?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-cli-'));
  folders.push(folder);
  if (env !== undefined) {
    mkdirSync(join(folder, '.ringfence'));
    writeFileSync(join(folder, '.ringfence', 'env'), env);
  }
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  return folder;
}
async function ran(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCommandLine(args, env, folderWith(), {
    out: (text) => (out += text),
    err: (text) => (err += text),
  });
  return { code, out, err };
}

describe('settings', () => {
  const FILE =
    "export RINGFENCE_URL='http://127.0.0.1:8080/'\nexport RINGFENCE_API_KEY='api_1'\nRINGFENCE_API_SECRET=s\n";

  it('come from a file in a folder above, and the environment wins', () => {
    const folder = join(folderWith(FILE), 'a', 'b');
    expect(readSettings({}, folder)).toMatchObject({
      url: 'http://127.0.0.1:8080',
      org: '1',
      key: 'api_1',
      secret: 's',
    });
    expect(readSettings({ RINGFENCE_API_KEY: 'api_2' }, folder)).toMatchObject({ key: 'api_2', secret: 's' });
  });

  it('come from the folder that is named, before anything else', () => {
    const folder = folderWith(FILE);
    const elsewhere = folderWith();
    expect(readSettings({ RINGFENCE_API_KEY: 'api_2' }, elsewhere, join(folder, '.ringfence'))).toMatchObject(
      {
        key: 'api_1',
      },
    );
    expect(() => readSettings({}, elsewhere, elsewhere)).toThrow(/there is no file env in it/);
  });

  it('take quotes and comments as a shell does', () => {
    expect(parseEnv('# x\nA="b c"\n  export D=e=f\nnothing\n')).toEqual({ A: 'b c', D: 'e=f' });
  });
});

describe('help', () => {
  it('of every command has an example', async () => {
    const withoutExample: string[] = [];
    const look = async (path: readonly string[]): Promise<void> => {
      const { out } = await ran([...path, '--help']);
      const below = out.split('Commands:\n')[1];
      if (below === undefined && !/Examples?( of a file)?:/.test(out)) withoutExample.push(path.join(' '));
      for (const [, name = ''] of (below ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm))
        if (name !== 'help') await look([...path, name]);
    };
    await look([]);
    expect(withoutExample).toEqual([]);
  });
});

describe('exit codes', () => {
  it('are 0 for help, 2 for wrong usage and missing settings, 3 for nobody there', async () => {
    expect(await ran(['--help'])).toMatchObject({ code: 0, err: '' });
    expect(await ran(['nonsense'])).toMatchObject({ code: 2 });
    expect(await ran(['mode', 'shop', 'strict'])).toMatchObject({ code: 2 });
    expect((await ran(['policy', 'suggest'])).err).toContain(
      'Usage: ringfence policy suggest [options] <subject>',
    );
    expect((await ran(['clusters', '-o', 'xml'])).err).toContain('write one of table, wide, json, yaml');
    expect(await ran(['flows', '-o', 'flows.svg'])).toMatchObject({ code: 2 });
    expect((await ran(['clusters'])).err).toContain('RINGFENCE_URL is not set');
    const away = await ran(['clusters'], {
      RINGFENCE_URL: 'http://127.0.0.1:9',
      RINGFENCE_API_KEY: 'a',
      RINGFENCE_API_SECRET: 'b',
    });
    expect(away.code).toBe(3);
    expect(away.err).toContain('Cannot reach http://127.0.0.1:9');
  });

  it('of a file that is missing or wrong are 2, before anything is sent', async () => {
    const env = { RINGFENCE_URL: 'http://127.0.0.1:9', RINGFENCE_API_KEY: 'a', RINGFENCE_API_SECRET: 'b' };
    expect(await ran(['policy', 'apply', '-f', '/nowhere.yaml'], env)).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no such file') as unknown,
    });
  });
});

describe('words', () => {
  it('of time', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    expect([
      sinceInstant('30s', now),
      sinceInstant('2h', now),
      sinceInstant('2026-11-01T00:00:00Z', now),
    ]).toEqual(['2026-11-20T11:59:30.000Z', '2026-11-20T10:00:00.000Z', '2026-11-01T00:00:00.000Z']);
    expect(() => sinceInstant('yesterday', now)).toThrow(/write 30s/);
  });

  it('of ports', () => {
    expect([portOf('8080'), portOf('53/udp')]).toEqual([
      { port: 8080, proto: 6 },
      { port: 53, proto: 17 },
    ]);
    expect(() => portOf('http')).toThrow(/write 8080/);
    expect(() => portOf('70000')).toThrow(/write 8080/);
  });
});

describe('answers', () => {
  const columns = [
    { title: 'NAME', value: (row: { name: string; n: number }) => row.name },
    { title: 'N', value: (row: { name: string; n: number }) => String(row.n) },
  ];

  it('are tables, JSON or YAML', () => {
    const rows = [{ name: 'web', n: 1 }];
    expect(render(rows, columns, 'json')).toBe('[\n  {\n    "name": "web",\n    "n": 1\n  }\n]\n');
    expect(render(rows, columns, 'yaml')).toBe('- name: web\n  n: 1\n');
    expect(tableOf(rows, columns)).toMatch(/web {3}1\n$/);
  });

  it('end quietly when nobody reads them any more, and loudly for any other reason', () => {
    const stream = new PassThrough();
    const codes: number[] = [];
    endQuietlyWhenUnread(stream, (code) => codes.push(code));
    stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(codes).toEqual([0]);
    expect(() => stream.emit('error', new Error('disk is full'))).toThrow('disk is full');
  });

  it('let no control characters of names onto the terminal', () => {
    expect(tableOf([{ name: 'a\u001b[2Jb', n: 1 }], columns)).toContain('a?[2Jb');
  });

  it('show a flow by names, Service and rule', () => {
    const workload = {
      href: '',
      hostname: null,
      os_type: 'unknown',
      enforcement_mode: 'full',
      managed: true,
      labels: [],
    };
    const flow = {
      src: { ip: '10.0.0.1', workload: { ...workload, name: 'web', namespace: 'shop' } },
      dst: {
        ip: '10.0.0.2',
        workload: { ...workload, name: 'api-v2', namespace: 'shop' },
        service: { namespace: 'shop', name: 'api' },
      },
      service: { port: 8080, proto: 6 },
      num_connections: 3,
      policy_decision: 'blocked',
      timestamp_range: {
        first_detected: '2026-11-20T10:00:00.000Z',
        last_detected: '2026-11-20T10:00:05.000Z',
      },
      rules: [],
      enforcement_boundaries: [],
      override_deny_rules: [],
    } as unknown as Flow;
    expect(flowColumns(new Map()).map(({ value }) => value(flow))).toEqual([
      '2026-11-20 10:00:05',
      'shop/web',
      'shop/api-v2 (via api)',
      '8080/tcp',
      'blocked',
      'no rule allows it',
      '3',
    ]);
    expect(endName({ ip: '8.8.8.8', ip_lists: [{ href: '', name: 'internet', size: 1 }] })).toBe(
      '8.8.8.8 (internet)',
    );
  });
});
