/** Builders of batches for specs: a web Pod that calls an API Pod through its Service, as both nodes report it. */
import type { DecoratedFlowBatch, FlowEnd } from '@ringfence/contracts';

export const CLUSTER = '6f1c7a9e-1111-4222-8333-444455556666';
export const WEB = 'aaaaaaaa-0000-4000-8000-000000000001';
export const API = 'aaaaaaaa-0000-4000-8000-000000000002';
export const RULE = '/orgs/1/sec_policy/active/rule_sets/1/sec_rules/2';

export function anEnd(end: Partial<FlowEnd> = {}): FlowEnd {
  return {
    address: '10.244.1.5',
    workload: WEB,
    kind: 'Deployment',
    name: 'web',
    namespace: 'shop',
    labels: ['11', '21'],
    mode: 'visibility_only',
    managed: true,
    service: null,
    ...end,
  };
}
export const webEnd = anEnd();
export const apiEnd = anEnd({ address: '10.244.2.7', workload: API, name: 'api', labels: ['12', '21'] });
const apiVip = anEnd({
  address: '10.96.0.10',
  workload: null,
  kind: null,
  name: null,
  namespace: null,
  labels: [],
  mode: null,
  managed: false,
  service: { namespace: 'shop', name: 'api' },
});
export function outsider(address: string): FlowEnd {
  return anEnd({
    address,
    workload: null,
    kind: null,
    name: null,
    namespace: null,
    labels: [],
    mode: null,
    managed: false,
  });
}

export type ReportedFlow = DecoratedFlowBatch['flows'][number];
export function aFlow(flow: Partial<ReportedFlow> = {}): ReportedFlow {
  return {
    src: 0,
    dst: 1,
    target: 1,
    targetPort: 8080,
    direction: 'inbound',
    proto: 6,
    port: 8080,
    verdict: 'allowed',
    state: 'new',
    connections: 1,
    bytesOut: 100,
    bytesIn: 1_000,
    rule: RULE,
    ruleClass: 'allow',
    ...flow,
  };
}

export function aBatch(batch: Partial<DecoratedFlowBatch> = {}): DecoratedFlowBatch {
  return {
    id: 'node-1/boot/1',
    cluster: CLUSTER,
    node: 'node-1',
    revision: 7,
    policyVersion: 3,
    from: '2026-11-20T10:00:00.000Z',
    to: '2026-11-20T10:00:05.000Z',
    overflow: 0,
    ends: [webEnd, apiEnd],
    flows: [aFlow()],
    ...batch,
  };
}

/** The consumer's report: it saw the Service's address and port. */
export function consumerReport(
  batch: Partial<DecoratedFlowBatch> = {},
  flow: Partial<ReportedFlow> = {},
): DecoratedFlowBatch {
  return aBatch({
    id: 'node-1/boot/1',
    ends: [webEnd, apiVip, apiEnd],
    flows: [aFlow({ direction: 'outbound', dst: 1, port: 80, target: 2, targetPort: 8080, ...flow })],
    ...batch,
  });
}
/** The provider's report: it saw the Pod's own address and port. */
export function providerReport(
  batch: Partial<DecoratedFlowBatch> = {},
  flow: Partial<ReportedFlow> = {},
): DecoratedFlowBatch {
  return aBatch({ id: 'node-2/boot/1', node: 'node-2', flows: [aFlow(flow)], ...batch });
}
