import { run } from '@ringfence/service-host';
import { startClasCache } from './clas-cache.module.js';
import { Config } from './config.js';
import { manifest } from './manifest.js';

run({ manifest, config: Config, zone: 'edge', start: startClasCache });
