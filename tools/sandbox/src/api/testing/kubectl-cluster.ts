/** The machine's own kubectl, without any flag but the kubeconfig, against a server with controllers and a fake kubelet. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startControllers } from '../../controllers/start-controllers.js';
import type { Controllers } from '../../controllers/start-controllers.js';
import { startFakeKubelet } from '../../controllers/testing/fake-kubelet.js';
import type { FakeKubelet } from '../../controllers/testing/fake-kubelet.js';
import { startApiServer } from '../server.js';
import type { ApiServer } from '../server.js';

const run = promisify(execFile);
const patienceMs = 20_000;

export class KubectlCluster {
  private constructor(
    readonly server: ApiServer,
    /** For manifests; gone with the cluster. */
    readonly folder: string,
    private readonly controllers: Controllers,
    private readonly kubelet: FakeKubelet,
  ) {}

  static async start(): Promise<KubectlCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-kubectl-'));
    const server = await startApiServer();
    const controllers = await startControllers({ cluster: server.cluster });
    const kubelet = await startFakeKubelet(server.cluster, ['node-1', 'node-2']);
    await writeFile(join(folder, 'kubeconfig'), server.kubeconfig);
    return new KubectlCluster(server, folder, controllers, kubelet);
  }

  async close(): Promise<void> {
    await this.kubelet.close();
    await this.controllers.close();
    await this.server.close();
    await rm(this.folder, { recursive: true });
  }

  /** What kubectl prints; a failure is an error with its message. */
  async kubectl(...words: string[]): Promise<string> {
    const env = {
      ...process.env,
      KUBECONFIG: join(this.folder, 'kubeconfig'),
      KUBECACHEDIR: join(this.folder, 'cache'),
    };
    const { stdout, stderr } = await run('kubectl', words, { env, timeout: patienceMs });
    return stdout + stderr;
  }

  async json<Value>(...words: string[]): Promise<Value> {
    return JSON.parse(await this.kubectl(...words, '-o', 'json')) as Value;
  }

  /** For commands that bring a token of their own. */
  async kubeconfigWithoutUser(): Promise<string> {
    const file = join(this.folder, 'kubeconfig-without-user');
    await writeFile(file, this.server.kubeconfig.replace(this.server.token, 'none'));
    return file;
  }

  async apply(manifest: string): Promise<string> {
    const file = join(this.folder, 'applied.yaml');
    await writeFile(file, manifest);
    return this.kubectl('apply', '-f', file);
  }
}
