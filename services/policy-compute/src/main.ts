import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { startPolicyCompute } from './policy-compute.module.js';

run({ manifest, config: Config, start: startPolicyCompute });
