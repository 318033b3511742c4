/** Flows as CSV (RFC 4180), the columns that spreadsheets of flows are used to. Text that a formula could start with is quoted apart. */
import type { Flow } from '@ringfence/contracts';

const COLUMNS: readonly (readonly [string, (flow: Flow) => string | number])[] = [
  ['Source IP', (flow) => flow.src.ip],
  ['Source Name', (flow) => endName(flow.src)],
  ['Source Namespace', (flow) => flow.src.workload?.namespace ?? flow.src.namespace ?? ''],
  ['Source Labels', (flow) => labels(flow.src)],
  ['Source Enforcement', (flow) => flow.src.workload?.enforcement_mode ?? ''],
  ['Destination IP', (flow) => flow.dst.ip],
  ['Destination Name', (flow) => endName(flow.dst)],
  ['Destination Namespace', (flow) => flow.dst.workload?.namespace ?? flow.dst.namespace ?? ''],
  ['Destination Labels', (flow) => labels(flow.dst)],
  ['Destination Enforcement', (flow) => flow.dst.workload?.enforcement_mode ?? ''],
  [
    'Destination Service',
    (flow) =>
      flow.dst.service === undefined ? '' : `${flow.dst.service.namespace}/${flow.dst.service.name}`,
  ],
  ['Transmission', (flow) => flow.transmission],
  ['Port', (flow) => flow.service.port],
  ['Protocol', (flow) => flow.service.proto],
  ['Reported Policy Decision', (flow) => flow.policy_decision],
  ['Reported by', (flow) => flow.flow_direction],
  [
    'Rules',
    (flow) => flow.rules.map((rule) => ('href' in rule ? rule.href : rule.essential_service_rule)).join(' '),
  ],
  ['Policy Version', (flow) => flow.policy_version],
  ['Num Flows', (flow) => flow.num_connections],
  ['Bytes In', (flow) => flow.dst_bi],
  ['Bytes Out', (flow) => flow.dst_bo],
  ['First Detected', (flow) => flow.timestamp_range.first_detected],
  ['Last Detected', (flow) => flow.timestamp_range.last_detected],
];

export const CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}\r\n`;

export function csvLines(flows: readonly Flow[]): string {
  return flows.map((flow) => `${COLUMNS.map(([, value]) => cell(value(flow))).join(',')}\r\n`).join('');
}

function endName(end: Flow['src']): string {
  return end.workload?.name ?? end.name ?? '';
}
function labels(end: Flow['src']): string {
  return (end.workload?.labels ?? []).map((label) => `${label.key}=${label.value}`).join('; ');
}
function cell(value: string | number): string {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
