/** What a store found, as the answer to a traffic query: in people's words, one flow per outcome. */
import type { Flow, FlowQuery } from '@ringfence/contracts';
import type { Decision } from '../domain/flow-decisions.calculator.js';
import { flowFilter } from '../domain/flow-filter.js';
import type { FilterNames, FlowFilter } from '../domain/flow-filter.js';
import type { FlowStore, SearchBounds } from '../store/port/flow-store.js';
import type { UploadedFlows } from '../store/port/uploaded-flows.js';
import { decidingClass, flowView, uploadView } from './flow-view.js';
import { joinedOverModes } from './mode-borders.js';
import { labelsOfGroup } from './names.projection.js';
import type { Names } from './names.projection.js';

const BOUNDARY_CLASS: Readonly<Record<string, string>> = {
  blocked: 'deny',
  blocked_by_override_deny: 'override_deny',
};

export interface WhereFlowsAre {
  readonly store: FlowStore;
  readonly uploads: Pick<UploadedFlows, 'search'>;
  readonly names: Names;
}

/** What agents report comes first: what somebody uploaded is shown where there is room for it. */
export async function foundFlows(
  { store, uploads, names }: WhereFlowsAre,
  query: FlowQuery,
  bounds: SearchBounds,
): Promise<Flow[]> {
  const filter = flowFilter(query, filterNames(names));
  const view = flowView(names);
  const reported = joinedOverModes(await store.search(filter, bounds))
    .flatMap((row) => view(row, outcomeFilter(filter)))
    .slice(0, filter.limit);
  const room = { ...filter, limit: filter.limit - reported.length };
  return [...reported, ...(await uploads.search(room, bounds)).map(uploadView(names))];
}

/** The store finds flows that had such an outcome; they may have had others too. */
function outcomeFilter({ verdicts, boundary }: FlowFilter): (decision: Decision) => boolean {
  const classes = boundary.map((name) => BOUNDARY_CLASS[name]);
  return (decision) =>
    (verdicts.length === 0 || verdicts.includes(decision.verdict)) &&
    (classes.length === 0 || classes.includes(decidingClass(decision) ?? 'none'));
}

export function filterNames(names: Names): FilterNames {
  return {
    labelKey: (id) => names.labels.get(id)?.key,
    groupLabels: (id) => labelsOfGroup(names.labelGroups, id),
    ipRanges: (id) => names.ipLists.get(id)?.ranges ?? [],
  };
}
