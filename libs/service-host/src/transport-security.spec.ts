import { createServer as createPlain } from 'node:http';
import { createServer } from 'node:https';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { healthRegistry } from './health.js';
import type { HealthRegistry } from './health.js';
import { alarmInsecure, alarmSwitchedOff, alarmUnverified, urlOf } from './transport-security.js';

let said: string[];
let metered: string[];
let releases: (() => unknown)[];
let health: HealthRegistry;
let host: Parameters<typeof alarmInsecure>[0];

beforeEach(() => {
  [said, metered, releases, health] = [[], [], [], healthRegistry()];
  const gauge = { set: (_: number, labels?: Record<string, string>) => metered.push(labels?.['what'] ?? '') };
  host = {
    logger: { error: (_: object, words: string) => void said.push(words) },
    metrics: { gauge: () => gauge },
    health,
    onShutdown: (release: () => unknown) => void releases.push(release),
  } as unknown as typeof host;
});
afterEach(() => vi.useRealTimers());

describe('an alarm', () => {
  it('is given for plain text beyond this machine, and for nothing else', () => {
    alarmInsecure(host, {
      a: 'https://gateway.example',
      b: 'tls://10.0.0.1:4222,tls://10.0.0.2:4222',
      c: 'http://127.0.0.1:8080',
      d: 'nats://localhost:4222',
      e: 'http://[::1]:1',
      f: undefined,
    });
    expect(metered).toEqual([]);
    alarmInsecure(host, {
      gateway: 'http://10.0.0.1:8080',
      nats: 'tls://10.0.0.1:4222,nats://10.0.0.2:4222',
      every: 'http://0.0.0.0:80',
      name: 'http://127.evil.example',
    });
    expect(metered).toEqual(['gateway', 'nats', 'every', 'name']);
  });

  it('is said again each hour, wherever verification is switched off, until the process ends', () => {
    vi.useFakeTimers();
    alarmSwitchedOff(host, {});
    expect(health.alarms()).toEqual([]);
    alarmSwitchedOff(host, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    alarmUnverified(host, 'the API server', 'insecure-skip-tls-verify');
    vi.advanceTimersByTime(2 * 3_600_000);
    expect(said).toHaveLength(6);
    expect(health.alarms()).toEqual([
      expect.stringMatching(/^NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate of any server/),
      expect.stringMatching(/^insecure-skip-tls-verify: no certificate of the API server/),
    ]);
    expect(health.report()).toMatchObject({ ready: true });
    expect(Object.keys(health.report().facts)).toEqual(['INSECURE any server', 'INSECURE the API server']);
    for (const release of releases) release();
    vi.advanceTimersByTime(3_600_000);
    expect(said).toHaveLength(6);
  });
});

describe('the address of a listener', () => {
  it('says https where its server speaks TLS, whatever the framework takes it for', async () => {
    const of = (server: unknown): Promise<string> =>
      urlOf({ getUrl: () => Promise.resolve('http://10.0.0.1:8443'), getHttpServer: () => server });
    expect(await of(createServer())).toBe('https://10.0.0.1:8443');
    expect(await of(createPlain())).toBe('http://10.0.0.1:8443');
  });
});
