/** Flows as the explorer gives them; a spec says only what it is about. */
import type { Flow } from '@ringfence/contracts';

export interface FlowExample {
  readonly from?: Partial<Flow['src']>;
  readonly to?: Partial<Flow['src']>;
  readonly port?: number;
  readonly verdict?: Flow['policy_decision'];
  readonly rules?: Flow['rules'];
  readonly denied?: string;
  readonly version?: number;
  readonly at?: string;
  readonly connections?: number;
}

export function workload(
  namespace: string,
  name: string,
  {
    role,
    mode = 'visibility_only',
    managed = true,
    ip = '10.244.0.1',
    kind = 'Deployment',
  }: Partial<Record<'role' | 'mode' | 'ip' | 'kind', string>> & { managed?: boolean } = {},
): Partial<Flow['src']> {
  const labels = role === undefined ? [] : [{ href: '/orgs/1/labels/1', key: 'role', value: role }];
  return {
    ip,
    workload: {
      ...{ href: `/orgs/1/kubernetes_workloads/${name}`, name, hostname: null, os_type: 'unknown' },
      ...{ enforcement_mode: mode, managed, labels, kind, namespace },
    },
  };
}

const usual = {
  from: workload('shop', 'web'),
  to: workload('shop', 'api'),
  port: 8080,
  verdict: 'potentially_blocked',
  rules: [],
  version: 1,
  at: '2026-11-20T10:00:00.000Z',
  connections: 1,
} as const satisfies FlowExample;

export function flow(example: FlowExample = {}): Flow {
  const { from, to, port, verdict, rules, denied, version, at, connections } = {
    denied: undefined,
    ...usual,
    ...example,
  };
  return {
    src: { ip: '10.244.0.1', ...from },
    dst: { ip: '10.244.0.2', ...to },
    service: { port, proto: 6 },
    num_connections: connections,
    policy_decision: verdict,
    state: 'active',
    flow_direction: 'inbound',
    transmission: 'unicast',
    timestamp_range: { first_detected: at, last_detected: at },
    dst_bi: 0,
    dst_bo: 0,
    rules: [...rules],
    enforcement_boundaries: denied === undefined ? [] : [{ href: denied }],
    override_deny_rules: [],
    caps: [],
    client_type: 'server',
    policy_version: version,
    reports: {},
  };
}
