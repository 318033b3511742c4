/** For specs: flows are read of clusters that flow-ingest has heard of. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import { CLUSTER } from './flow-batch.builder.js';

export const sayCluster = (bus: Bus, cluster = CLUSTER, position = 1): Promise<void> =>
  bus.publish(subjects.event('global', 'container-cluster', cluster), {
    ...{ id: randomUUID(), type: 'ContainerClusterCreated', v: 1, stream: `container-cluster-${cluster}` },
    ...{ version: 1, position, at: '2026-11-20T09:00:00Z', cluster: 'global' },
    ...{ actor: { kind: 'system', id: 'spec' }, data: { id: cluster, name: 'lab', description: '' } },
  });
