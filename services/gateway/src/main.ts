import 'reflect-metadata';
import { run } from '@ringfence/service-host';
import { configSchema } from './config.js';
import { startGateway } from './gateway.module.js';
import { manifest } from './manifest.js';

run({ manifest, config: configSchema, start: startGateway });
