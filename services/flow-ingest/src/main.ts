import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { startFlowIngest } from './flow-ingest.module.js';
import { manifest } from './manifest.js';

run({ manifest, config: Config, start: startFlowIngest });
