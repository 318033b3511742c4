import { CALLS } from '@ringfence/contracts';
import { twoProcessesSuite } from '@ringfence/resources/testing';

twoProcessesSuite({
  service: 'label-resolver',
  main: new URL('../dist/main.js', import.meta.url),
  call: CALLS.labelResource,
  collection: 'labels',
  body: (value) => ({ key: 'role', value }),
  others: (bus) => void bus.serve(CALLS.labelUsage, async () => ({ used: [] })),
});
