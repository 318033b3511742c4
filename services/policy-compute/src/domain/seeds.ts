/**
 * What a new system starts with: the IP list "Any" and the service "All Services", which clients look up by name. No rule
 * set: the product of the seeds also allows all outbound traffic by default; here nothing is allowed that nobody wrote.
 */
import type { PolicyEvent } from './policy-book.js';
import type { Stamp } from './policy-object.js';

export const ANY_IP_LIST = { type: 'ip_lists', id: '1' } as const;
export const ALL_SERVICES = { type: 'services', id: '1' } as const;

export function seedEvents(stamp: Stamp): readonly PolicyEvent[] {
  const touched = { created: stamp, updated: stamp };
  const everything = (cidr: string) => ({ from: cidr, to: null, exclusion: false, description: '' });
  return [
    {
      type: 'PolicyObjectDrafted',
      data: {
        ...ANY_IP_LIST,
        updateType: 'create',
        touched,
        object: {
          id: ANY_IP_LIST.id,
          name: 'Any (0.0.0.0/0 and ::/0)',
          description: '',
          ranges: [everything('0.0.0.0/0'), everything('::/0')],
          fqdns: [],
        },
      },
    },
    {
      type: 'PolicyObjectDrafted',
      data: {
        ...ALL_SERVICES,
        updateType: 'create',
        touched,
        object: { id: ALL_SERVICES.id, name: 'All Services', description: '', ports: [{ proto: -1 }] },
      },
    },
    {
      type: 'PolicyProvisioned',
      data: {
        version: '1',
        note: 'What every system starts with',
        changes: [
          { ...ANY_IP_LIST, updateType: 'create' },
          { ...ALL_SERVICES, updateType: 'create' },
        ],
        workloadsAffected: 0,
      },
    },
  ];
}
