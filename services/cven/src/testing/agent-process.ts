/** The real agent process inside a test node's network namespace. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from '@ringfence/testing';
import type { ContainerdNode } from './containerd-node.js';

export interface AgentProcess {
  readonly pid: number;
  readyz(): Promise<{ ready: boolean; missing?: string[] }>;
  metrics(): Promise<string>;
  isReady(): Promise<void>;
  /** Children of the agent: its kernel helper. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

const MANAGEMENT_PORT = 9610;

export interface AgentSettings {
  readonly node: ContainerdNode;
  readonly clasUrl: string;
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startAgent({ node, clasUrl, directory, env = {} }: AgentSettings): AgentProcess {
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const child: ChildProcess = spawn(
    'nsenter',
    [`--net=${node.netns}`, process.execPath, '--enable-source-maps', main],
    {
      stdio: ['ignore', process.env['AGENT_LOG'] === undefined ? 'ignore' : 'inherit', 'inherit'],
      env: {
        ...process.env,
        CLAS_URL: clasUrl,
        RINGFENCE_PAIRING_KEY: 'the-key',
        RINGFENCE_MACHINE_ID_PATH: `${directory}/machine-id`,
        RINGFENCE_CRI_SOCKET: node.socket,
        RINGFENCE_DATA_DIR: `${directory}/data`,
        RINGFENCE_CNI_CONF_DIR: node.cni.config,
        RINGFENCE_CNI_BIN_DIR: node.cni.binaries,
        RINGFENCE_CNI_NETNS_DIRS: node.cni.namespaces,
        RINGFENCE_BIRTH_DIR: `${directory}/birth`,
        RINGFENCE_FLOW_INTERVAL_SECONDS: '0.5',
        RINGFENCE_MANAGEMENT_HOST: '0.0.0.0',
        RINGFENCE_MANAGEMENT_PORT: String(MANAGEMENT_PORT),
        LOG_LEVEL: process.env['AGENT_LOG'] ?? 'warn',
        ...env,
      },
    },
  );
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const base = `http://${node.nodeAddress}:${MANAGEMENT_PORT}`;
  const readyz = async (): Promise<{ ready: boolean; missing?: string[] }> => {
    try {
      return (await (await fetch(`${base}/readyz`)).json()) as { ready: boolean };
    } catch {
      return { ready: false, missing: ['no answer'] };
    }
  };
  return {
    pid: child.pid ?? 0,
    readyz,
    metrics: async () => (await fetch(`${base}/metrics`)).text(),
    isReady: async () => void (await eventually(readyz, ({ ready }) => ready, 60_000)),
    kill: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}
