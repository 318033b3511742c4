/** A service as it is built (`npm run build`), in a process of its own: for what only a process that is killed can show. */
import { freePort, serverProcess } from './server-process.js';
import type { ServerProcess } from './server-process.js';

export interface ServiceProcess extends Pick<ServerProcess, 'start' | 'stop' | 'kill'> {
  /** Stopped as it stands, and continued: what it does not know meanwhile. */
  pause(): void;
  resume(): void;
  /** Whether it has all that it needs; one that stands by has not. */
  isReady(): Promise<boolean>;
  /** What it lacks, in its words. */
  missing(): Promise<readonly string[]>;
}

/** Started: its management listener is up, which it is before the service itself is. */
export async function startServiceProcess(
  main: URL,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const port = await freePort();
  const settings = { LOG_LEVEL: 'fatal', RINGFENCE_MANAGEMENT_PORT: String(port), ...env };
  const server = serverProcess({
    name: main.pathname,
    command: 'env',
    args: [...Object.entries(settings).map((setting) => setting.join('=')), process.execPath, main.pathname],
    port,
    stopSignal: 'SIGTERM',
  });
  await server.start();
  const isReady = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  const missing = async (): Promise<readonly string[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    return ((await answer.json()) as { missing: readonly string[] }).missing;
  };
  const { start, stop, kill, signal } = server;
  const [pause, resume] = [() => signal('SIGSTOP'), () => signal('SIGCONT')];
  return { start, stop, kill, pause, resume, isReady, missing };
}
