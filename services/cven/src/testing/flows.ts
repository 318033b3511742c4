/** For specs: a flow as the kernel's counters give it; of it only the port matters. */
import type { ReportedFlow } from '../domain/flow-naming.js';

export const reportedFlow = (port: number): ReportedFlow => ({
  src: '10.0.0.1',
  dst: '10.0.0.2',
  direction: 'inbound',
  proto: 6,
  port,
  verdict: 'allowed',
  state: 'new',
  connections: 1,
  bytesOut: 1,
  bytesIn: 1,
  rule: null,
  ruleClass: null,
});
