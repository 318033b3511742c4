/** What of policy has no draft: service bindings and security principals, as they are. The book starts from them. */
import { documents } from '@ringfence/event-store';
import type { SecondPersonChanged } from '../domain/policy-book.js';
import type { StoredBinding, StoredPrincipal } from '../domain/policy-object.js';

export const serviceBindings = documents<StoredBinding>({
  name: 'service_bindings',
  written: ['ServiceBound'],
  deleted: 'ServiceUnbound',
});
export const securityPrincipals = documents<StoredPrincipal>({
  name: 'security_principals',
  written: ['SecurityPrincipalWritten'],
  deleted: 'SecurityPrincipalDeleted',
});
/** One, once anybody has said anything. */
export const secondPerson = documents<SecondPersonChanged['data']>({
  name: 'second_person',
  written: ['SecondPersonChanged'],
});
