/** Flows as lines for people, each as it was reported: when, who, to whom, on what, with which verdict, by which rule. */
import type { Flow } from '@ringfence/contracts';
import { destinationName, endName, isMereService, portName, reasonOf } from './graph/flow-words.js';
import type { RuleNames } from './graph/flow-words.js';
import type { Column } from './output.js';
import { verdictColour } from './output.js';

export const flowColumns = (rules: RuleNames): readonly Column<Flow>[] => [
  { title: 'TIME', value: (flow) => flow.timestamp_range.last_detected.slice(0, 19).replace('T', ' ') },
  { title: 'SOURCE', value: (flow) => endName(flow.src) },
  { title: 'DESTINATION', value: viaName },
  { title: 'PORT', value: portName },
  { title: 'VERDICT', value: (flow) => flow.policy_decision, colour: verdictColour },
  { title: 'RULE', value: (flow) => reasonOf(flow, rules) },
  { title: 'CONNECTIONS', value: (flow) => String(flow.num_connections) },
];
/** For lines that come one by one: wide enough for most. */
export const FOLLOW_WIDTHS = [19, 32, 40, 9, 19, 34, 11];

function viaName(flow: Flow): string {
  const { service } = flow.dst;
  const name = destinationName(flow);
  const isNamed =
    service === undefined || isMereService(flow) || name === `${service.namespace}/${service.name}`;
  return isNamed ? name : `${name} (via ${service.name})`;
}
