/** For specs: flows are read of clusters that flow-ingest has heard of. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '@ringfence/bus';
import { subjects } from '@ringfence/contracts';
import { CLUSTER } from './flow-batch.builder.js';

export const sayCluster = (bus: Bus): Promise<void> =>
  bus.publish(subjects.event('global', 'container-cluster', CLUSTER), {
    ...{ id: randomUUID(), type: 'ContainerClusterCreated', v: 1, stream: `container-cluster-${CLUSTER}` },
    ...{ version: 1, position: 1, at: '2026-11-20T09:00:00Z', cluster: 'global' },
    ...{ actor: { kind: 'system', id: 'spec' }, data: { id: CLUSTER, name: 'lab', description: '' } },
  });
