import { run } from '@ringfence/service-host';
import { configSchema } from './config.js';
import { manifest } from './manifest.js';
import { startPolicyCompute } from './policy-compute.module.js';

run({ manifest, config: configSchema, start: startPolicyCompute });
