/**
 * The local stack as a value: what runs, where it listens, how to end it. Composition only: each part's own
 * knowledge is in its module (Postgres, NATS, the control plane's services, the sandbox, the cluster's agents).
 *
 *   nats-control ─┬─ inventory, label-resolver, policy-compute, flow-ingest, gateway ── postgres
 *                 └─ clas-cache ── nats-cluster ─┬─ kubelink ── sandbox (API server, nodes) or a real cluster
 *                                                └─ cven (one per node, inside the node's network namespace)
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startAgents } from './agents.js';
import { startControlPlane } from './control-plane.js';
import { deployApplication } from './application/deploy.js';
import type { Application } from './application/deploy.js';
import { removeEnvironment, writeEnvironment } from './environment-file.js';
import { installLabelMap } from './label-map.js';
import type { UpOptions } from './options.js';
import { Processes } from './processes.js';
import type { Exit } from './processes.js';
import type { Progress } from './progress.js';
import type { StackAccess } from './ringfence-api.js';
import { RingfenceApi } from './ringfence-api.js';
import { registerCluster } from './register-cluster.js';
import { startSandbox } from './sandbox.js';
import type { Sandbox } from './sandbox.js';

export interface Running {
  readonly access: StackAccess;
  readonly api: RingfenceApi;
  readonly sandbox: Sandbox;
  readonly clusterId: string;
  readonly application: Application;
  /** What a further C-VEN needs. */
  readonly pairing: { readonly clasUrl: string; readonly caFile: string; readonly key: string };
}

/** Agents end before what they talk to, databases last. */
const STOP_WAVES: readonly ((name: string) => boolean)[] = [
  (name) => name.startsWith('cven-'),
  (name) => name === 'kubelink',
  (name) => name === 'clas-cache',
  (name) => !name.startsWith('nats-') && name !== 'postgres',
];
const STATE_DIRECTORIES = ['postgres', 'nats-control', 'nats-cluster', 'edge', 'sandbox', 'tls'];

function clearState(dataDirectory: string): void {
  for (const name of STATE_DIRECTORIES) rmSync(join(dataDirectory, name), { recursive: true, force: true });
  rmSync(join(dataDirectory, 'postgres.password'), { force: true });
  removeEnvironment(dataDirectory);
}

export class Stack {
  readonly processes: Processes;
  private readonly ending = new AbortController();

  constructor(
    private readonly options: UpOptions,
    private readonly progress: Progress,
    onCrash: (exit: Exit) => void,
  ) {
    if (!options.keep) clearState(options.dataDirectory);
    rmSync(join(options.dataDirectory, 'logs'), { recursive: true, force: true });
    this.processes = new Processes(join(options.dataDirectory, 'logs'), onCrash, {
      say: (line) => progress.note(line),
    });
  }

  async start(): Promise<Running> {
    const { options, progress, processes } = this;
    const onWaiting = (words: string): void => progress.note(`waiting for ${words}`);
    // The sandbox needs seconds of its own: it starts beside the control plane.
    const [control, sandbox] = await progress.phase('Control plane and cluster', () =>
      allOrFirstError([
        startControlPlane(options, processes, onWaiting),
        startSandbox(options, processes, onWaiting),
      ]),
    );
    // Before Kubelink looks: whatever is deployed from here on is labelled by it. A real cluster has the map that its people want.
    if (!options.kubeconfig) await installLabelMap(sandbox);
    const api = new RingfenceApi(control.access);
    const cluster = await progress.phase('Register the cluster', () => registerCluster(api));
    const agents = await progress.phase('Agents: clas-cache, Kubelink, a C-VEN per node', () =>
      startAgents({
        ...{ options, processes, control, sandbox, cluster, onWaiting },
        signal: this.ending.signal,
      }),
    );
    writeEnvironment(options.dataDirectory, {
      ...apiVariables(control.access),
      RINGFENCE_CA: agents.caFile,
      KUBECONFIG: sandbox.kubeconfig,
      RINGFENCE_CLUSTER_ID: cluster.id,
    });
    const application = await deployApplication({ options, api, sandbox, clusterId: cluster.id, progress });
    const pairing = { ...agents, key: cluster.pairingKey };
    return { access: control.access, api, sandbox, clusterId: cluster.id, application, pairing };
  }

  /** Ends what was started, however far the start came. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.processes.stopAll(STOP_WAVES);
    if (!this.options.keep) clearState(this.options.dataDirectory);
  }
}

/** Waits for both, so that nothing is still starting while the rest is being ended. */
async function allOrFirstError<A, B>([a, b]: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

const apiVariables = (access: StackAccess): Record<string, string> => ({
  RINGFENCE_URL: access.url,
  RINGFENCE_ORG_ID: String(access.org),
  RINGFENCE_API_KEY: access.key,
  RINGFENCE_API_SECRET: access.secret,
});
