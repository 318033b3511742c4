/** TLS end to end with a stack's own authority: who is believed, who is refused, and a certificate that is renewed under way. */
import { clusterServerConfig, connectBus, mintClusterServer, postJson, serviceInbox } from '@ringfence/bus';
import { tlsListener } from '@ringfence/service-host';
import { eventually, startNats } from '@ringfence/testing';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackAuthority } from './certificates.js';
import type { StackAuthority } from './certificates.js';

const HOSTS = ['127.0.0.1', 'localhost'];
const MANIFEST = { service: 'clas-cache', consumes: [], emits: [], serves: [], calls: [] };

let directory: string;
let ours: StackAuthority;
let foreign: StackAuthority;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-tls-'));
  ours = stackAuthority(join(directory, 'ours'));
  foreign = stackAuthority(join(directory, 'foreign'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Serial number of the certificate that a NATS server shows: it says who it is in plain text before TLS begins. */
async function natsSerial(port: number): Promise<string> {
  const plain = connectPlain(port, '127.0.0.1');
  await once(plain, 'data');
  const socket = connect({ socket: plain, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

describe('NATS', () => {
  it('is spoken to only by TLS and only when our authority vouches for it', async () => {
    const keys = await mintClusterServer(MANIFEST);
    const tls = ours.issue('nats', HOSTS);
    const secured = await startNats({ config: (place) => clusterServerConfig({ ...place, tls }, keys) });
    const plain = await startNats({ config: (place) => clusterServerConfig(place, keys) });
    const tried = (url: string, caFile: string): Promise<string> => {
      const ending = new AbortController();
      return new Promise((resolve) => {
        const told = ({ connected, detail }: { connected: boolean; detail: string }): void => {
          ending.abort();
          resolve(connected ? 'connected' : detail);
        };
        const servers = url.replace('nats://', 'tls://');
        const identity = { credentials: keys.clasCache, inboxPrefix: serviceInbox('clas-cache') };
        connectBus({
          ...{ servers, name: 'clas-cache', server: 'cluster', ...identity },
          ...{ caFile, onState: told, signal: ending.signal },
        })
          .then((bus) => bus.close())
          .catch(() => undefined);
      });
    };
    expect(await tried(secured.url, ours.caFile)).toBe('connected');
    expect(await tried(secured.url, foreign.caFile)).not.toBe('connected');
    expect(await tried(plain.url, ours.caFile)).not.toBe('connected');
    await Promise.all([secured.close(), plain.close()]);
  });

  it('shows a new certificate after SIGHUP to whoever connects then; who was connected is back by itself', async () => {
    const keys = await mintClusterServer(MANIFEST);
    const tls = ours.issue('nats', HOSTS);
    const nats = await startNats({ config: (place) => clusterServerConfig({ ...place, tls }, keys) });
    const states: boolean[] = [];
    const bus = await connectBus({
      ...{ servers: nats.url.replace('nats://', 'tls://'), name: 'clas-cache', server: 'cluster' },
      ...{ credentials: keys.clasCache, inboxPrefix: serviceInbox('clas-cache'), caFile: ours.caFile },
      onState: ({ connected }) => void states.push(connected),
    });
    const before = await natsSerial(nats.port);
    ours.issue('nats', HOSTS);
    expect(await natsSerial(nats.port)).toBe(before);
    nats.reload();
    await eventually(async () => (await natsSerial(nats.port)) !== before);
    // In operator mode the server ends what stands when it reads its configuration again (2.9.10 and 2.10.27 do).
    await eventually(() => states.join() === 'true,false,true');
    expect(bus.isConnected()).toBe(true);
    await bus.close();
    await nats.close();
  });
});

describe('a listener', () => {
  it('is believed by our authority only, and takes up a new certificate without a restart', async () => {
    const { certFile, keyFile } = ours.issue('listener', HOSTS);
    const releases: (() => unknown)[] = [];
    const silent = { info: () => undefined, error: () => undefined };
    const host = { logger: silent, onShutdown: (release: () => unknown) => void releases.push(release) };
    const tls = tlsListener({ cert: certFile, key: keyFile }, host as never);
    const server = createServer({ ...tls?.options }, (_, response) => response.end('{"ok":true}'));
    tls?.follow(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = (caFile: string): Promise<unknown> =>
      postJson(`https://127.0.0.1:${port}/`, {}, { timeoutMs: 5_000, caFile }).then(({ json }) => json);
    expect(await ask(ours.caFile)).toEqual({ ok: true });
    await expect(ask(foreign.caFile)).rejects.toThrow(/certificate/i);
    const serial = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        }).on('error', reject);
      });
    const before = await serial();
    ours.issue('listener', HOSTS);
    await eventually(async () => (await serial()) !== before);
    expect(await ask(ours.caFile)).toEqual({ ok: true });
    for (const release of releases) release();
    server.close();
  });
});
