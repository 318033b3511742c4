/** What the gateway answers to /health when all is well; a spec says what is not. */
import type { Health } from '@ringfence/contracts';

type Report = Health[number];
export const POLICY: Report['ringfence_clusters'][number]['policy'] = {
  ...{ asked_version: 12, told_version: 12, in_force_version: 12, asked_settings: 3, in_force_settings: 3 },
  ...{ is_newest: true, asked_at: null, waiting_for: '', nodes_behind: [] },
};
const services = { status: 'running', running: ['inventory', 'gateway'], not_running: [] };
export const report = (parts: Partial<Report> = {}, lacks: string[] = []): Health => [
  {
    ...{
      status: 'normal',
      type: 'standalone',
      fqdn: 'here',
      ringfence_version: '1.2.3',
      available_seconds: 9,
      notifications: [],
    },
    ringfence_clusters: [{ name: 'lab', status: 'in_sync', policy: POLICY }],
    nodes: [
      {
        ...{ hostname: 'here', ip_address: '127.0.0.1', runlevel: 5, uptime_seconds: 9, generated_at: '' },
        services: { ...services, not_running: lacks },
      },
    ],
    network: { replication: [] },
    generated_at: '',
    ...parts,
  },
];
