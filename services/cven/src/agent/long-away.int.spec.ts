/** An agent that comes back after its credential has ended: it enforces what it knows before it asks anybody, and its own table lets it ask. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@ringfence/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../testing/agent-process.js';
import type { AgentProcess } from '../testing/agent-process.js';
import { startClasStub } from '../testing/clas-stub.js';
import type { ClasStub } from '../testing/clas-stub.js';
import { compiledPlugin } from '../testing/cni-plugin.js';
import { startContainerdNode } from '../testing/containerd-node.js';
import type { ContainerdNode } from '../testing/containerd-node.js';
import { compiledHelper } from '../testing/testbed.js';
import { podEndpoint, podUnit, viewOf } from '../testing/views.js';

const NOBODY = 'http://192.0.2.1:8081';
let revision = 10;

describe('an agent whose credential has ended', () => {
  let node: ContainerdNode;
  let clas: ClasStub;
  let agent: AgentProcess;
  let directory: string;

  beforeAll(async () => {
    compiledHelper();
    compiledPlugin();
    node = await startContainerdNode();
    clas = await startClasStub(node.hostAddress);
  });
  afterAll(async () => {
    await node.close();
    await clas.close();
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rf-agent-'));
    writeFileSync(join(directory, 'machine-id'), 'machine-1\n');
    const host = podEndpoint('node-1', 1, { class: 'node', addresses: [node.nodeAddress] });
    clas.setView(viewOf({ revision: ++revision, endpoints: [host], units: [podUnit(1, 'full')] }));
    agent = startAgent({ node, clasUrl: clas.url, directory });
    await eventually(() => table().includes('mode=full') && existsSync(kept('view.json')));
    await agent.kill('SIGKILL');
    const credential = JSON.parse(readFileSync(kept('credential.json'), 'utf8')) as object;
    const expiresAt = new Date(Date.now() - 1_000).toISOString();
    writeFileSync(kept('credential.json'), JSON.stringify({ ...credential, expiresAt }));
  });
  afterEach(async () => {
    clas.setView(viewOf({ revision: ++revision, endpoints: [], units: [] }));
    await agent.kill('SIGTERM');
    inNode('delete', 'table', 'inet', 'ringfence');
    rmSync(directory, { recursive: true, force: true });
  });

  const kept = (file: string): string => join(directory, 'data', file);
  const inNode = (...args: string[]): string =>
    execFileSync('nsenter', [`--net=${node.netns}`, 'nft', ...args], { encoding: 'utf8', stdio: 'pipe' });
  const table = (): string => {
    try {
      return inNode('-s', 'list', 'table', 'inet', 'ringfence');
    } catch {
      return '';
    }
  };

  it('enforces what was last known of a node that starts anew, though nobody answers', async () => {
    inNode('delete', 'table', 'inet', 'ringfence');
    agent = startAgent({ node, clasUrl: NOBODY, directory });
    await eventually(() => table().includes('mode=full'));
    expect((await agent.readyz()).ready).toBe(false);
  });

  it('finds clas-cache where it is now, and not where it was when its table was made', async () => {
    const moved = await forwardTo(clas.url, node.hostAddress);
    agent = startAgent({ node, clasUrl: moved.url, directory });
    revision += 1;
    clas.setView(
      viewOf({
        revision,
        endpoints: [podEndpoint('node-1', 1, { class: 'node' })],
        units: [podUnit(1, 'full')],
      }),
    );
    await eventually(() => clas.acks.some((ack) => ack.revision === revision));
    expect(table()).toContain('mode=full');
    await moved.close();
  });
});

/** Another port of the same machine. */
async function forwardTo(url: string, host: string): Promise<{ url: string; close: () => Promise<unknown> }> {
  const port = Number(new URL(url).port);
  const server: Server = createServer((socket) => {
    const there = connect(port, host);
    for (const end of [socket, there]) end.on('error', () => socket.destroy());
    socket.pipe(there).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
