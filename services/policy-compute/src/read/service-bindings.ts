/** Service bindings as they are: the book starts from them. */
import { documents } from '@ringfence/event-store';
import type { StoredBinding } from '../domain/policy-object.js';

export const serviceBindings = documents<StoredBinding>({
  name: 'service_bindings',
  written: ['ServiceBound'],
  deleted: 'ServiceUnbound',
});
