import { describe, expect, it } from 'vitest';
import type { HostContext } from './host.js';
import { alarmInsecure } from './transport-security.js';

function alarms(urls: Record<string, string | undefined>): string[] {
  const said: string[] = [];
  const host = {
    logger: { error: () => undefined },
    metrics: {
      gauge: () => ({
        set: (_: number, labels?: Record<string, string>) => said.push(labels?.['what'] ?? ''),
      }),
    },
    health: { fact: () => undefined },
    onShutdown: () => undefined,
  };
  alarmInsecure(host as unknown as HostContext<unknown>, urls);
  return said;
}

describe('an alarm', () => {
  it('is given for plain text beyond this machine, and for nothing else', () => {
    const quiet = {
      a: 'https://gateway.example',
      b: 'tls://10.0.0.1:4222,tls://10.0.0.2:4222',
      c: 'http://127.0.0.1:8080',
      d: 'nats://localhost:4222',
      e: 'http://[::1]:1',
      f: undefined,
    };
    expect(alarms(quiet)).toEqual([]);
    const loud = {
      gateway: 'http://10.0.0.1:8080',
      nats: 'tls://10.0.0.1:4222,nats://10.0.0.2:4222',
      every: 'http://0.0.0.0:80',
      name: 'http://127.evil.example',
    };
    expect(alarms(loud)).toEqual(['gateway', 'nats', 'every', 'name']);
  });
});
