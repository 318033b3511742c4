import type { ServiceManifest } from '@ringfence/contracts';

const latest = { mode: 'latest', server: 'control', stream: 'EVENTS' } as const;

/** What policy is computed with. The latest event of every label, entity and profile, then each change. */
export const FACTS = [
  { ...latest, filter: 'evt.*.label.*', durable: 'policy-compute-labels' },
  { ...latest, filter: 'evt.*.profile.*', durable: 'policy-compute-profiles' },
  { ...latest, filter: 'evt.*.entity.*', durable: 'policy-compute-entities' },
] as const;

const RECORDS = ['unit', 'list', 'group', 'endpoint', 'commit', 'turn'] as const;

export const manifest = {
  service: 'policy-compute',
  consumes: [
    ...FACTS,
    // Its own records, read back at the start of a turn, so that only differences are written; and who ended one.
    ...RECORDS.map((kind) => ({
      mode: 'latest' as const,
      server: 'control' as const,
      stream: 'POLICY',
      filter: `policy.*.${kind}.*`,
      durable: `policy-compute-own-${kind}`,
    })),
  ],
  emits: [
    ...[...['policy-object', 'policy-version', 'service-binding', 'security-principal'], 'second-person'].map(
      (entity) => ({
        subject: `evt.global.${entity}.*`,
        server: 'control' as const,
      }),
    ),
    ...RECORDS.map((kind) => ({ subject: `policy.*.${kind}.*`, server: 'control' as const })),
    { subject: 'ask.*.*', server: 'control' },
  ],
  listens: [{ subject: 'answer.*.*', server: 'control' }],
  serves: [
    'policy-compute.resource',
    'policy-compute.label-usage',
    'policy-compute.group-labels',
    'policy-compute.explain',
    'policy-compute.asked-version',
    'policy-compute.said',
    'policy-compute.resync',
    'policy-compute.health',
  ],
  calls: ['label-resolver.said', 'label-resolver.resync', 'flow-ingest.ends-seen', 'flow-ingest.flow-kinds'],
} as const satisfies ServiceManifest;
