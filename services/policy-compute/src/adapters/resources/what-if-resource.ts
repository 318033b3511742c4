/** What the draft, objects that are only supposed, or a mode would change, in the bodies of the API; nothing is stored. */
import { WhatIfBody } from '@ringfence/contracts';
import type { FlowEdge, ResourceRequest, WhatIfAnswer } from '@ringfence/contracts';
import { invalid, parsed } from '@ringfence/resources';
import { policyObjects } from '../../domain/policy-book.js';
import type { Form } from '../../domain/policy-book.js';
import { ruleNames } from '../../domain/rule-names.js';
import type { ModeOf } from '../../domain/judged-by-labels.js';
import { WITHOUT } from '../../domain/explanation.js';
import { protocolName } from '../../domain/suggestion/seen-edge.js';
import type { Pair } from '../../domain/what-if/changed-pairs.js';
import { keptFlips, whatIf } from '../../domain/what-if/what-if.js';
import type { WhatIf } from '../../domain/what-if/what-if.js';
import { seenEdges } from './seen-edges.js';
import { flipWords, storedFlows } from './stored-flows.js';
import type { ResourceContext } from './resource-context.js';
import { suppose } from './supposed-changes.js';

/** Of pairs; the rest is a count. */
const SHOWN_PAIRS = 100;

export async function answerWhatIf(
  context: ResourceContext,
  request: ResourceRequest,
): Promise<WhatIfAnswer> {
  const { edges, flows, modes, changes } = parsed(WhatIfBody, request.body);
  const form = formOf(request.pversion ?? '');
  const book = await context.book.current();
  const supposed = changes && suppose(book, form, changes, { ...context, actor: request.actor });
  const before = policyObjects(book, 'active');
  const after = supposed ? policyObjects(supposed.book, 'active') : policyObjects(book, form);
  const names = supposed ? ruleNames(supposed.book, 'active') : ruleNames(book, form);
  const preview = context.preview();
  const { answer, flips } = preview.supposing(supposed?.labels ?? [], () => {
    const { entities } = context.facts;
    const world = { entities, preview, before, after, modeOf: modeOf(modes) };
    const found = whatIf(seenEdges(edges, context.facts), world);
    const affected = preview.workloadsAffected(before, after);
    return {
      answer: { ...answerOf(found, edges, names), workloads_affected: affected, notes: [WITHOUT] },
      flips: flows && keptFlips(world),
    };
  });
  return flips === undefined
    ? answer
    : { ...answer, ...(await storedFlows({ context, names, flips }, flows!)) };
}

function answerOf(
  { flips, pairs }: WhatIf,
  edges: readonly FlowEdge[],
  names: ReadonlyMap<string, string>,
): Omit<WhatIfAnswer, 'workloads_affected' | 'notes'> {
  return {
    flips: flips
      .map((flip) => ({
        ...edges[flip.index]!,
        before: flip.before,
        after: flip.after,
        reason: flipWords(flip, names),
      }))
      .sort((a, b) => b.num_connections - a.num_connections),
    gained: shown(pairs.gained),
    lost: shown(pairs.lost),
    is_cut: pairs.isCut,
  };
}

function formOf(pversion: string): Form {
  if (pversion === 'draft' || pversion === 'active') return pversion;
  throw invalid('what_if: ask of the draft, or of the active policy in another mode');
}

function modeOf(wishes: WhatIfBody['modes']): ModeOf {
  return ({ class: entityClass, namespace, name }) =>
    wishes.find((wish) =>
      wish.node === undefined ? wish.namespace === namespace : entityClass === 'node' && wish.node === name,
    )?.enforcement_mode;
}

const shown = (pairs: readonly Pair[]): WhatIfAnswer['gained'] => ({
  count: pairs.length,
  some: pairs
    .slice(0, SHOWN_PAIRS)
    .map(({ from, to, proto, port }) => `${from.name} → ${to.name} ${port}/${protocolName(proto)}`),
});
