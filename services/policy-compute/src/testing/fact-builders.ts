/** What other services decided, with defaults: a spec shows only what matters to it. */
import type { EntityFact, LabelFact } from '../domain/facts.js';

export const label = (id: string, key: string, value = `value ${id}`): LabelFact => ({ id, key, value });

export const entity = (id: string, over: Partial<EntityFact> = {}): EntityFact => ({
  id,
  cluster: 'c1',
  class: 'pod',
  kind: 'Deployment',
  namespace: 'shop',
  name: id,
  labels: ['1'],
  mode: 'full',
  addresses: [],
  node: null,
  ...over,
});
