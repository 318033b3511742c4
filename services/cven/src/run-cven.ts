import { run } from '@ringfence/service-host';
import { Config } from './config.js';
import { manifest } from './manifest.js';
import { startCven } from './start-cven.js';

export function runCven(): void {
  run({ manifest, config: Config, zone: 'edge', frugal: true, start: startCven });
}
