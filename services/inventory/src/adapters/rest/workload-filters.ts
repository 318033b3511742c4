/** By what lists of workloads are narrowed. */
import { EnforcementMode, LegacyMode, VisibilityLevel } from '@ringfence/contracts';
import type { Document } from '@ringfence/event-store';
import {
  byHrefs,
  byLabels,
  byTime,
  byWord,
  byWords,
  exact,
  flag,
  invalid,
  partial,
} from '@ringfence/resources';
import type { Filters } from '@ringfence/resources';
import type { Workload } from '../../domain/workload.decider.js';
import { logsTraffic, syncStateOf } from './agent-view.js';
import { legacyMode } from './legacy-mode.js';
import { isOnline, placeOf } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

type Found = Document<Workload>;

/** Nobody scans for vulnerabilities here, and there is one control plane. */
export const UNSUPPORTED = [
  'agent.active_pce_fqdn',
  'vulnerability_summary.vulnerability_exposure_score[gte]',
  'vulnerability_summary.vulnerability_exposure_score[lte]',
  'risk_summary.ransomware.workload_exposure_severity',
];

export const workloadFilters = (around: Surroundings): Filters<Found> => ({
  ...described,
  ...policyFilters(around),
  ...agentFilters(around),
});

const ADDRESS = /^[0-9a-fA-F.:]+$/;
const described: Filters<Found> = {
  name: partial(({ body }) => body.name),
  hostname: partial(({ body }) => body.hostname),
  description: partial(({ body }) => body.description),
  os_id: partial(({ body }) => body.about['os_id'] as string | null | undefined),
  labels: byLabels(({ body }) => body.labels),
  managed: flag(({ body }) => body.managed),
  container_clusters: byHrefs(({ body }) => body.cluster, 'container_clusters'),
  ip_address: ({ body }, wanted) => {
    if (!ADDRESS.test(wanted)) throw invalid(`ip_address: "${wanted}" is not an address`);
    return body.addresses.some((address) => address.includes(wanted.toLowerCase()));
  },
  external_data_set: exact(({ body }) => body.externalDataSet),
  external_data_reference: exact(({ body }) => body.externalDataReference),
};

const HEALTHS = ['active', 'warning', 'error', 'suspended'];
const policyFilters = (around: Surroundings): Filters<Found> => ({
  enforcement_mode: byWord('enforcement_mode', EnforcementMode.options, ({ body }) => body.mode),
  enforcement_modes: byWords('enforcement_modes', EnforcementMode.options, ({ body }) => body.mode),
  mode: byWord('mode', LegacyMode.options, ({ body }) => legacyMode(body.mode)),
  visibility_level: byWord('visibility_level', VisibilityLevel.options, ({ body }) => body.visibilityLevel),
  log_traffic: flag(({ body }) => logsTraffic(body)),
  policy_health: byWord('policy_health', HEALTHS, ({ body }) => policyHealth(body, around)),
  security_policy_sync_state: byWord(
    'security_policy_sync_state',
    ['staged', 'syncing', 'applied'],
    ({ body }) => (body.managed ? syncStateOf(body, around) : null),
  ),
  // Policy waits for nobody here.
  security_policy_update_mode: byWord(
    'security_policy_update_mode',
    ['static', 'adaptive'],
    () => 'adaptive',
  ),
});

const agentFilters = (around: Surroundings): Filters<Found> => ({
  online: flag(({ body }) => isOnline(body, around)),
  ven: ({ body }, wanted) => body.managed && wanted.split('/').at(-1) === body.id,
  'ven.ven_type': byWord('ven.ven_type', ['server', 'endpoint', 'containerized'], ({ body }) =>
    body.managed ? 'containerized' : null,
  ),
  ...byTime('last_heartbeat_on', ({ body }) => around.agents.get(placeOf(body))?.lastHeartbeat),
});

/** Null: it has no agent whose policy could be ill. */
function policyHealth(workload: Workload, around: Surroundings): string | null {
  if (!workload.managed) return null;
  const place = placeOf(workload);
  const errors = around.agents.get(place)?.errors ?? [];
  if (errors.length > 0 || around.notInForce.has(place)) return 'error';
  return isOnline(workload, around) ? 'active' : 'warning';
}
