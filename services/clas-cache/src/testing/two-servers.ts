/** For specs: the two servers between which clas-cache stands, with a connection to each as others have it, and a disk for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, ensureStreams } from '@ringfence/bus';
import type { Bus } from '@ringfence/bus';
import { startNats } from '@ringfence/testing';
import type { NatsServer } from '@ringfence/testing';

export interface TwoServers {
  readonly clusterNats: NatsServer;
  readonly controlNats: NatsServer;
  readonly cluster: Bus;
  readonly control: Bus;
  readonly directory: string;
  close(): Promise<void>;
}

export async function startTwoServers(): Promise<TwoServers> {
  const [clusterNats, controlNats] = await Promise.all([startNats(), startNats()]);
  const [cluster, control] = await Promise.all([
    connectBus({ servers: clusterNats.url, name: 'agents', server: 'cluster' }),
    connectBus({ servers: controlNats.url, name: 'control-plane', server: 'control' }),
  ]);
  await Promise.all([ensureStreams(cluster, 'cluster'), ensureStreams(control, 'control')]);
  const directory = await mkdtemp(join(tmpdir(), 'ringfence-clas-'));
  return {
    ...{ clusterNats, controlNats, cluster, control, directory },
    close: async () => {
      await Promise.all([cluster.close(), control.close()]);
      await Promise.all([clusterNats.close(), controlNats.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
