import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { syslogSender } from './syslog-sender.js';
import type { Remote, Sender } from './syslog-sender.js';

let directory: string;
let pem: { readonly key: string; readonly cert: string };
let sender: Sender;
const servers: Server[] = [];
const sockets = new Set<Socket>();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ringfence-syslog-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const named = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert];
  execFileSync('openssl', [...made, ...named], { stdio: 'ignore' });
  pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
});
afterEach(async () => {
  await sender.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const QUIET = { onDropped: () => undefined, onAway: () => undefined };
const remote = (port: number, change: Partial<Remote> = {}): Remote => ({
  ...{ address: '127.0.0.1', port, protocol: 6, tls_enabled: false, tls_verify_cert: true },
  ...change,
});

/** What a server was sent, as text. */
async function listen(server: Server, port = 0): Promise<{ port: number; got: () => string; lose(): void }> {
  let text = '';
  servers.push(server);
  const taken = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('data', (data: Buffer) => (text += data.toString()));
    socket.on('error', () => undefined);
  };
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', taken);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    got: () => text,
    lose: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
const counted = (...lines: string[]): string =>
  lines.map((line) => `${Buffer.byteLength(line)} ${line}`).join('');

describe('lines to a syslog server', () => {
  it('come over TCP each with its length, in their order', async () => {
    const server = await listen(createServer());
    sender = syslogSender(remote(server.port), QUIET);
    const lines = ['one', 'zwölf', 'x'.repeat(100_000)];
    for (const line of lines) sender.send(line);
    await expect.poll(server.got).toBe(counted(...lines));
    expect(sender.isAway()).toBe(false);
  });

  it('wait for a server that is away, which is said meanwhile, and come when it is back', async () => {
    const first = await listen(createServer());
    sender = syslogSender(remote(first.port), QUIET);
    sender.send('before');
    await expect.poll(first.got).toBe(counted('before'));
    first.lose();
    await expect.poll(() => sender.isAway()).toBe(true);
    sender.send('meanwhile');
    const second = await listen(createServer(), first.port);
    await expect.poll(second.got, { timeout: 30_000 }).toBe(counted('meanwhile'));
    expect(sender.isAway()).toBe(false);
  });

  it('wait for a server that reads nothing as for one that is away', async () => {
    const deaf = createServer({ pauseOnConnect: true }, (socket) => sockets.add(socket));
    servers.push(deaf);
    deaf.listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const { port } = deaf.address() as AddressInfo;
    const told: string[] = [];
    sender = syslogSender(remote(port), {
      ...{ ...QUIET, stalledAfterMs: 200 },
      onAway: (reason) => void told.push(reason),
    });
    for (let n = 0; n < 100; n += 1) sender.send('x'.repeat(100_000));
    await expect.poll(() => told).toEqual(['the server reads nothing']);
    expect(sender.isAway()).toBe(true);
  });

  it('are bounded while they wait: the oldest go, and are counted', async () => {
    const port = (await listen(createServer())).port;
    servers.splice(0).forEach((server) => server.close());
    let dropped = 0;
    sender = syslogSender(remote(port), { ...QUIET, onDropped: (lines) => (dropped += lines) });
    for (let n = 0; n < 10_100; n += 1) sender.send(`line ${n}`);
    expect(dropped).toBe(100);
    const back = await listen(createServer(), port);
    await expect.poll(back.got, { timeout: 30_000 }).toContain('line 10099');
    expect(back.got().startsWith(counted('line 100'))).toBe(true);
  });

  it('come over TLS to whom its certificate names, and to nobody else', async () => {
    const server = await listen(createTlsServer(pem));
    const tls = { tls_enabled: true, address: 'localhost', tls_ca_bundle: pem.cert };
    sender = syslogSender(remote(server.port, tls), QUIET);
    sender.send('secret');
    await expect.poll(server.got).toBe(counted('secret'));
    await sender.close();
    let told = '';
    sender = syslogSender(remote(server.port, { ...tls, tls_ca_bundle: null }), {
      ...QUIET,
      onAway: (reason) => (told = reason),
    });
    sender.send('not for strangers');
    await expect.poll(() => told).toMatch(/self-signed/);
    expect(server.got()).toBe(counted('secret'));
  });

  it('come over UDP each as a datagram', async () => {
    const got: string[] = [];
    const socket = createSocket('udp4', (message) => void got.push(message.toString()));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    sender = syslogSender(remote(socket.address().port, { protocol: 17 }), QUIET);
    sender.send('one');
    sender.send('two');
    await expect.poll(() => got).toEqual(['one', 'two']);
    socket.close();
  });
});
