/** A real nats-server with JetStream in a directory of its own. Without `config` it is open to everybody on loopback. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, serverProcess } from './server-process.js';

export interface NatsPlace {
  readonly port: number;
  /** For JetStream's files and an account resolver; removed at the end. */
  readonly directory: string;
}
export interface NatsServer extends NatsPlace {
  readonly url: string;
  /** Ends gracefully, keeps the files. */
  stop(): Promise<void>;
  /** kill -9, keeps the files. */
  kill(): Promise<void>;
  /** After `stop` or `kill`: the same port, the same files. */
  start(): Promise<void>;
  /** kill -9, and started again with nothing of what it kept: streams, consumers, accounts. */
  loseDisk(): Promise<void>;
  /** SIGHUP: it reads its configuration and certificates again. */
  reload(): void;
  close(): Promise<void>;
}

export async function startNats(
  options: { config?: (place: NatsPlace) => string } = {},
): Promise<NatsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'ringfence-nats-'));
  const port = await freePort();
  const place = { port, directory };
  const file = join(directory, 'server.conf');
  await writeFile(file, (options.config ?? openToAll)(place));
  const server = serverProcess({
    name: 'nats-server',
    command: 'nats-server',
    args: ['-c', file],
    port,
    stopSignal: 'SIGTERM',
  });
  await server.start();
  return {
    ...place,
    url: `nats://127.0.0.1:${port}`,
    stop: server.stop,
    kill: server.kill,
    start: server.start,
    loseDisk: async () => {
      await server.kill();
      for (const kept of ['jetstream', 'accounts'])
        await rm(join(directory, kept), { recursive: true, force: true });
      await server.start();
    },
    reload: () => server.signal('SIGHUP'),
    close: async () => {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function openToAll({ port, directory }: NatsPlace): string {
  return `listen: 127.0.0.1:${port}\nmax_payload: 32MB\njetstream { store_dir: "${directory}/jetstream", max_file_store: 64GB }\n`;
}
