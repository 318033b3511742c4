/**
 * Remembers on disk that the agents' account was there: whoever can make a restart, and keep the API server or the way to it from the
 * next of us, is to gain nothing by it.
 */
import type { HostContext } from '@ringfence/service-host';
import { z } from 'zod';
import type { Config } from '../../config.js';
import type { StateFiles } from '../store/state-files.store.js';
import type { VouchingMemory } from './vouching.js';

const Kept = z.object({ cluster: z.string(), account: z.string() });

export function vouchingMemory({ config, logger }: HostContext<Config>, files: StateFiles): VouchingMemory {
  const { namespace, name } = config.RINGFENCE_AGENT_SERVICE_ACCOUNT;
  const own = { cluster: config.CLUSTER_ID, account: `${namespace}/${name}` };
  const kept = Kept.safeParse(files.read('vouching')).data;
  return {
    isKept: kept?.cluster === own.cluster && kept.account === own.account,
    keep: () =>
      files
        .write('vouching', () => own)
        .catch((error: unknown) =>
          logger.error({ err: error }, 'a restart would not know that Kubernetes vouches for the agents'),
        ),
  };
}
