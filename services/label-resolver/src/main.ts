import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { startLabelResolver } from './label-resolver.module.js';
import { manifest } from './manifest.js';

run({ manifest, config: Config, start: startLabelResolver });
