import { CALLS } from '@ringfence/contracts';
import { twoProcessesSuite } from '@ringfence/resources/testing';

twoProcessesSuite({
  service: 'inventory',
  main: new URL('../dist/main.js', import.meta.url),
  call: CALLS.inventoryResource,
  collection: 'container_clusters',
  body: (name) => ({ name }),
});
