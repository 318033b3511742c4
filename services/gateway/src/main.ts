import 'reflect-metadata';
import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { startGateway } from './gateway.module.js';
import { manifest } from './manifest.js';

run({ manifest, config: Config, start: startGateway });
