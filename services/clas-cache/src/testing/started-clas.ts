/** For specs: clas-cache as its process starts it. */
import { startHosted } from '@ringfence/service-host';
import type { HostedProcess } from '@ringfence/service-host';
import { startClasCache } from '../clas-cache.module.js';
import { Config } from '../config.js';
import { manifest } from '../manifest.js';
import { TOKEN } from './control-plane.js';
import { CLUSTER } from './facts.js';

/** Resolves when it is up. */
export async function startClas(environment: Readonly<Record<string, string>>): Promise<HostedProcess> {
  const clas = await startHosted(
    { manifest, config: Config, start: startClasCache },
    {
      CLUSTER_ID: CLUSTER,
      CLUSTER_TOKEN: TOKEN,
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
      ...environment,
    },
  );
  await clas.started;
  return clas;
}
