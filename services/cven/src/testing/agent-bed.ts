/**
 * An agent as its cluster sees it: the real process on a node with containerd, a control plane that says what the spec
 * wants, and Pods whose connections are tried from inside.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeGroup } from '@ringfence/contracts';
import type { EnforcementMode, Endpoint, Group, NodeView, Unit } from '@ringfence/contracts';
import { eventually } from '@ringfence/testing';
import { startAgent } from './agent-process.js';
import type { AgentProcess } from './agent-process.js';
import { NODE, startClasStub } from './clas-stub.js';
import type { ClasStub } from './clas-stub.js';
import { compiledPlugin } from './cni-plugin.js';
import { startContainerdNode } from './containerd-node.js';
import type { ContainerdNode, RunningSandbox } from './containerd-node.js';
import { compiledHelper, SocketAgent } from './testbed.js';

export const WEB = 'ls-00000000000000000001';
export const CLIENT = 'ls-00000000000000000002';
const CLIENTS = 'g-00000000000000000002';
const WEBS = 'g-00000000000000000001';

export interface Pod extends RunningSandbox {
  readonly netns: string;
  readonly address: string;
  readonly sockets: SocketAgent;
}

const group = (id: string, labelSet: string): Group => makeGroup(id, { labelSets: [labelSet] });
export const endpoint = (pod: Pod, labelSet: string): Endpoint => ({
  id: pod.uid,
  workload: null,
  labelSet,
  class: 'pod',
  addresses: [pod.address],
  node: NODE,
  pod: { namespace: 'shop', name: 'p', probePorts: [] },
});
const unit = (id: string, mode: EnforcementMode, rules: Partial<Unit>): Unit => ({
  labelSet: { id, cluster: 'c', namespace: 'shop', class: 'pod', labels: [] },
  mode,
  ingress: [],
  egress: [],
  ...rules,
});
const http = (peer: string): Unit['ingress'] => [
  { ref: '/rules/7', class: 'allow', ports: [{ proto: 6, from: 7001 }], peers: [peer] },
];

/** Two Pods of "shop": clients may reach web on 7001. */
export const shop = (web: Pod, client: Pod): Partial<NodeView> => ({
  groups: { upsert: [group(CLIENTS, CLIENT), group(WEBS, WEB)], remove: [] },
  endpoints: { upsert: [endpoint(web, WEB), endpoint(client, CLIENT)], remove: [] },
  units: {
    upsert: [unit(WEB, 'full', { ingress: http(CLIENTS) }), unit(CLIENT, 'full', { egress: http(WEBS) })],
    remove: [],
  },
});

export class AgentBed {
  /** The one that runs, or ran last. */
  agent: AgentProcess | undefined;
  /** Of the view that was made last. */
  revision = 10;
  directory = '';
  private readonly pods: Pod[] = [];

  private constructor(
    readonly node: ContainerdNode,
    readonly clas: ClasStub,
  ) {}

  static async open(): Promise<AgentBed> {
    compiledHelper();
    compiledPlugin();
    const node = await startContainerdNode();
    return new AgentBed(node, await startClasStub(node.hostAddress));
  }

  async close(): Promise<void> {
    await this.node.close();
    await this.clas.close();
  }

  /** A disk on which no agent has been, and nothing that was told before. */
  makeDisk(): void {
    this.directory = mkdtempSync(join(tmpdir(), 'rf-agent-'));
    writeFileSync(join(this.directory, 'machine-id'), 'machine-1\n');
    // An agent that is quicker than its test must not be told what the test before said.
    this.clas.setView(undefined);
  }

  /** Agent, Pods and disk. */
  async clear(): Promise<void> {
    await this.agent?.kill('SIGTERM');
    this.agent = undefined;
    for (const pod of this.pods.splice(0)) {
      await pod.sockets.close();
      await this.node.stop(pod);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  view(content: Partial<NodeView> = {}): NodeView {
    this.revision += 1;
    return {
      node: NODE,
      revision: this.revision,
      base: null,
      policyVersion: 3,
      at: new Date().toISOString(),
      groups: { upsert: [], remove: [] },
      endpoints: { upsert: [], remove: [] },
      units: { upsert: [], remove: [] },
      namespaces: [{ name: 'shop', mode: 'full' }],
      ...content,
    };
  }

  start(env: Record<string, string> = {}): AgentProcess {
    this.agent = startAgent({ node: this.node, clasUrl: this.clas.url, directory: this.directory, env });
    return this.agent;
  }

  async startWith(first: NodeView): Promise<void> {
    this.clas.setView(first);
    await this.start().isReady();
  }

  async run(namespace: string, name: string): Promise<Pod> {
    const before = new Set(this.node.podNamespaces());
    const sandbox = await this.node.run(namespace, name);
    const file = this.node.podNamespaces().find((each) => !before.has(each)) ?? '';
    const netns =
      execFileSync('findmnt', ['-rno', 'TARGET'], { encoding: 'utf8' })
        .split('\n')
        .find((target) => target.endsWith(file)) ?? '';
    const listed = execFileSync('nsenter', [`--net=${netns}`, 'ip', '-4', '-o', 'addr', 'show', 'eth0'], {
      encoding: 'utf8',
    });
    const pod = {
      ...sandbox,
      netns,
      address: /inet ([\d.]+)/.exec(listed)?.[1] ?? '',
      sockets: new SocketAgent(netns),
    };
    await pod.sockets.run('listen', { host: '0.0.0.0', tcp: [7001] });
    this.pods.push(pod);
    return pod;
  }

  connect(from: Pod, to: Pod): Promise<unknown> {
    return from.sockets.run('tcp', { from: from.address, to: to.address, port: 7001, timeoutMs: 300 });
  }

  /** A failure says what stood in the kernel of both and of their node: from outside nobody sees who closed the way. */
  isOpen(from: Pod, to: Pod): Promise<unknown> {
    return eventually(() => this.connect(from, to).then((outcome) => outcome === 'open')).catch(
      (error: unknown) => {
        const rulesOf = (netns: string): string =>
          execFileSync('nsenter', [`--net=${netns}`, 'nft', 'list', 'ruleset'], { encoding: 'utf8' });
        const places = [this.node.netns, to.netns, from.netns];
        const found = places.map((netns) => rulesOf(netns).replace(/\s+/g, ' '));
        throw new Error([String(error), ...found].join('\n'));
      },
    );
  }

  acked(wanted: number): Promise<unknown> {
    return eventually(() => this.clas.acks.some((ack) => ack.revision >= wanted));
  }
}

/** The table that stands in the Pod's namespace; empty: none. */
export function listing(pod: Pod): string {
  try {
    return execFileSync(
      'nsenter',
      [`--net=${pod.netns}`, 'nft', '-s', 'list', 'table', 'inet', 'ringfence'],
      { encoding: 'utf8', stdio: 'pipe' },
    );
  } catch {
    return '';
  }
}
