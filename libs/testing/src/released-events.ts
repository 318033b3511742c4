/**
 * One event of every type and version that was ever released, as its owner sent it then: the fixtures of
 * `libs/contracts`. What a consumer must be able to read, for ever.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventContract, subjects } from '@ringfence/contracts';
import type { Envelope } from '@ringfence/contracts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'contracts', 'fixtures');
const CLUSTER = '4b7c1d9e-52f0-4a6b-8c3d-1e2f3a4b5c6d';

export interface ReleasedEvent {
  readonly subject: string;
  readonly payload: Envelope;
}

/** Those that one of the filters (`evt.*.label.*`) would bring. */
export function releasedEvents(filters: readonly string[]): ReleasedEvent[] {
  const entities = filters.flatMap((filter) => {
    const [lane, , entity] = filter.split('.');
    return lane === 'evt' && entity !== undefined ? [entity] : [];
  });
  return readdirSync(FIXTURES)
    .sort()
    .flatMap(released)
    .filter(({ payload }) => {
      const entity = eventContract(payload.type)?.entity ?? '';
      return entities.includes('*') || entities.includes(entity);
    });
}

function released(file: string, index: number): ReleasedEvent[] {
  const [, type, v] = /^event\.(\w+)\.v(\d+)\.json$/.exec(file) ?? [];
  const contract = type === undefined ? null : eventContract(type);
  if (type === undefined || contract === null) return [];
  const data = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as { id?: string };
  const { entity } = contract;
  const id = data.id ?? 'released';
  const payload = {
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    type,
    v: Number(v),
    stream: `${entity}-${id}`,
    version: 1,
    position: index + 1,
    at: '2026-11-20T12:00:00.000Z',
    cluster: CLUSTER,
    actor: { kind: 'system' as const, id: 'release' },
    data,
  };
  return [{ subject: subjects.event(CLUSTER, entity, id), payload }];
}
