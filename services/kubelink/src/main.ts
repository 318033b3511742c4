import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { startKubelink } from './start-kubelink.js';

run({ manifest, config: Config, zone: 'edge', start: startKubelink });
