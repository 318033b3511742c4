/** Ids for objects that are made, as their type has them. */
import { randomUUID } from 'node:crypto';
import type { ProvisionableType } from '@ringfence/contracts';
import { invalid } from '@ringfence/resources';
import { kindOf } from '../../objects/kinds.js';
import type { ResourceContext } from './resource-context.js';

export async function newIds(
  context: ResourceContext,
  type: ProvisionableType,
  count: number,
): Promise<string[]> {
  const { ids } = kindOf(type);
  if (ids === 'single') throw invalid(`there is one ${kindOf(type).noun}; it can only be changed`);
  if (count === 0) return [];
  return ids === 'uuid'
    ? Array.from({ length: count }, () => randomUUID())
    : context.book.store.nextIds(ids.sequence, count);
}
