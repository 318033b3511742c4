/** Security principals: one per SID, as data. */
import { reject } from '@ringfence/decider';
import type { Decision } from '@ringfence/decider';
import type { PolicyBook, PolicyEvent } from './policy-book.js';
import type { Stamp } from './policy-object.js';

export type PrincipalIntent =
  | {
      readonly do: 'make-principal';
      readonly id: string;
      readonly name: string;
      readonly description: string;
    }
  | {
      readonly do: 'change-principal';
      readonly id: string;
      readonly name?: string | undefined;
      readonly description?: string | undefined;
    }
  | { readonly do: 'delete-principal'; readonly id: string };

export function decidePrincipal(
  book: PolicyBook,
  intent: PrincipalIntent,
  stamp: Stamp,
): Decision<PolicyEvent> {
  const { id } = intent;
  const known = book.principals.get(id);
  if (intent.do === 'make-principal') {
    if (known !== undefined)
      return reject(
        'security-principal-sid-must-be-unique',
        `sid: ${id} is taken; it must be unique`,
        'ALREADY_EXISTS',
      );
    const { name, description } = intent;
    const touched = { created: stamp, updated: stamp };
    return [{ type: 'SecurityPrincipalWritten', data: { id, name, description, touched } }];
  }
  if (known === undefined)
    return reject('not-found-error', `there is no security principal ${id}`, 'NOT_FOUND');
  if (intent.do === 'delete-principal') return [{ type: 'SecurityPrincipalDeleted', data: { id } }];
  const { name = known.name, description = known.description } = intent;
  if (name === known.name && description === known.description) return [];
  const touched = { ...known.touched, updated: stamp };
  return [{ type: 'SecurityPrincipalWritten', data: { id, name, description, touched } }];
}
