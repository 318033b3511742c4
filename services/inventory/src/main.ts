import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { startInventory } from './inventory.module.js';
import { manifest } from './manifest.js';

run({ manifest, config: Config, start: startInventory });
