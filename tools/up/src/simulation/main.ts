/** The simulated C-VENs of the local stack as a process. */
import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { startSimulation } from './start-simulation.js';

run({ manifest, config: Config, zone: 'edge', start: startSimulation });
