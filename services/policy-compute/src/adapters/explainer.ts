/**
 * Answers `explain`. The cluster itself is asked what stands, because only it has what decides there; a draft is judged
 * from a preview, and so, by labels alone, is what stands while the cluster cannot be asked: the answer then says so.
 */
import type { Unanswered } from '@ringfence/bus';
import type { CALLS, ClusterAnswer, ExplainResponse } from '@ringfence/contracts';
import { GLOBAL } from '@ringfence/contracts';
import { reject } from '@ringfence/decider';
import type { Rejection } from '@ringfence/decider';
import { fewAtATime, refusal } from '@ringfence/resources';
import { worst } from '@ringfence/policy-engine';
import type { z } from 'zod';
import { explanationOf } from '../domain/cluster-explanation.js';
import type { Judged } from '../domain/cluster-explanation.js';
import { entitiesNamed } from '../domain/entities-named.js';
import { explainByLabels } from '../domain/explanation.js';
import type { ExplainWorld } from '../domain/explanation.js';
import { withOrigins } from '../domain/label-origins.js';
import { policyObjects } from '../domain/policy-book.js';
import type { Form, PolicyBook } from '../domain/policy-book.js';
import { ruleNames } from '../domain/rule-names.js';
import type { EntityFact } from '../domain/facts.js';
import { addressesAbroad } from '../domain/judged-by-labels.js';
import type { FactMirror } from '../read/fact-mirror.js';
import type { FactLookup } from '../objects/view.js';
import type { ClusterQuestions } from './cluster-questions.js';
import type { LivePolicy } from './live-policy.js';
import { explainPast } from './past-explainer.js';
import type { PolicyBookStore } from './policy-book.store.js';

type Explain = (typeof CALLS)['explain'];
type Request = z.output<Explain['request']>;
type Answered = ExplainResponse | Rejection;

export interface ExplainerParts {
  readonly book: PolicyBookStore;
  readonly facts: FactLookup & Pick<FactMirror, 'profiles' | 'labelling'>;
  readonly live: LivePolicy;
  readonly clusters: ClusterQuestions;
}

/** More clusters than this are not asked at once where a name says none. */
const MOST_ASKED = 8;
/** Each computes the rules of a whole version anew, which takes up to a second; whoever asks waits five. */
const MOST_OF_THE_PAST = 4;

export function explainer(parts: ExplainerParts): (request: Request) => Promise<ExplainResponse> {
  const { book, facts, live } = parts;
  const names = { active: namesByBook('active'), draft: namesByBook('draft') };
  const ofThePast = fewAtATime(MOST_OF_THE_PAST, 'questions about the past');
  return async ({ then, ...request }) => {
    if (then !== undefined) {
      const past = { store: book.store, labels: facts.labels };
      return accepted(await ofThePast(() => explainPast(request, then, past)));
    }
    const current = await book.current();
    const form = request.policy;
    const previewed = form === 'draft' ? live.preview().with(policyObjects(current, 'draft')) : null;
    const world: ExplainWorld = {
      entities: facts.entities,
      // All of them, so only where somebody looks.
      get objects() {
        return policyObjects(current, form);
      },
      labels: facts.labels,
      policyVersion: current.version,
      standing: (cluster) => (previewed === null ? live.standing(cluster) : previewed.get(cluster)),
      ruleName: (ref) => names[form](current).get(ref) ?? ref,
    };
    const answer =
      form === 'draft'
        ? explainByLabels(request, world, 'a draft is in force in no cluster')
        : await explainInForce(request, world, parts);
    const { egress, ingress } = accepted(answer);
    const ends = [egress, ingress].flatMap((end) => end?.workload ?? []);
    return withOrigins(accepted(answer), await facts.labelling(ends), facts.labels);
  };
}

function accepted(answer: Answered): ExplainResponse {
  if ('reason' in answer) throw refusal(answer);
  return answer;
}

async function explainInForce(
  request: Request,
  world: ExplainWorld,
  parts: ExplainerParts,
): Promise<Answered> {
  const apart = endsApart(request, parts);
  if (apart !== null) return explainApart(apart, request, world, parts);
  const asked = clustersToAsk(request, parts);
  if ('reason' in asked) return asked;
  const question = {
    from: shownTo(request.from, world),
    to: shownTo(request.to, world),
    port: request.port,
    proto: request.proto,
  };
  const answers = await Promise.all(
    asked.slice(0, MOST_ASKED).map((cluster) => parts.clusters.ask(cluster, question)),
  );
  const judged = answers.filter((answer): answer is Judged => answer.kind === 'judged');
  const concerned = judged.filter(({ egress, ingress }) => egress !== null || ingress !== null);
  if (concerned.length > 1)
    return reject(
      'input-validation-error',
      'several clusters have such ends: give the cluster',
      'INVALID_ARGUMENT',
    );
  const [answer] = concerned.length === 1 ? concerned : judged;
  if (answer !== undefined) return explanationOf(answer, request, world);
  return unjudged(request, world, answers);
}

interface EndsApart {
  readonly from: EntityFact;
  readonly to: EntityFact;
}

/** Each end is of another cluster; null: not so, or not clear. */
function endsApart({ from, to, cluster }: Request, { facts }: ExplainerParts): EndsApart | null {
  const [source, ...sources] = entitiesNamed(from, facts);
  const [destination, ...destinations] = entitiesNamed(to, facts);
  if (source === undefined || destination === undefined || cluster !== undefined) return null;
  const isClear = sources.length + destinations.length === 0;
  const areIn = [source, destination].map((one) => one.cluster);
  return isClear && new Set([...areIn, GLOBAL]).size === 3 ? { from: source, to: destination } : null;
}

/** Each cluster judges its own end, and sees the other one as from outside. */
async function explainApart(
  { from, to }: EndsApart,
  request: Request,
  world: ExplainWorld,
  { clusters }: ExplainerParts,
): Promise<Answered> {
  const [comesFrom, isAt] = [addressesAbroad(from, 'from')[0], addressesAbroad(to, 'to')[0]];
  if (comesFrom === undefined || isAt === undefined)
    return explainByLabels(
      request,
      world,
      'one cluster does not see who is in the other, or does not reach it',
    );
  const { port, proto } = request;
  const [sent, arriving] = await Promise.all([
    clusters.ask(from.cluster, { from: from.id, to: isAt, port, proto }),
    clusters.ask(to.cluster, { from: comesFrom, to: to.id, port, proto }),
  ]);
  if (sent.kind !== 'judged' || arriving.kind !== 'judged') return unjudged(request, world, [sent, arriving]);
  const [{ egress }, { ingress }] = [sent, arriving];
  const notes = [...sent.notes, ...arriving.notes, `across clusters: ${comesFrom} → ${isAt}`];
  const judged = {
    ...arriving,
    egress,
    ingress,
    verdict: worst(egress, ingress),
    notes: [...new Set(notes)],
  };
  return explanationOf(judged, request, world);
}

/** Nobody judged: an unclear name is refused, a silent cluster is not taken for one that knows nothing. */
function unjudged(
  request: Request,
  world: ExplainWorld,
  answers: readonly (ClusterAnswer | Unanswered)[],
): Answered {
  const ambiguous = answers.find((answer) => answer.kind === 'ambiguous-end');
  if (ambiguous !== undefined) return reject('input-validation-error', ambiguous.message, 'INVALID_ARGUMENT');
  const messages = answers.flatMap((answer) => (answer.kind === 'judged' ? [] : [answer.message]));
  const because = messages.length === 0 ? 'no cluster is known' : messages.join('; ');
  const byLabels = explainByLabels(request, world, because);
  const isSilent = answers.some(({ kind }) => kind === 'unanswered' || kind === 'not-ready');
  if (!('reason' in byLabels) || !isSilent) return byLabels;
  return reject('service-unavailable', `${byLabels.message}; ${because}`, 'UNAVAILABLE');
}

/** The cluster that the caller or the ends name; all of them where neither does. */
function clustersToAsk(
  { cluster: wanted, ...request }: Request,
  { facts }: ExplainerParts,
): string[] | Rejection {
  const known = [...new Set([...facts.profiles.values()].map(({ cluster }) => cluster))].sort();
  // It becomes part of a subject: nothing but a cluster that is known.
  if (wanted !== undefined && !known.includes(wanted))
    return reject('not-found-error', `there is no cluster ${wanted}`, 'NOT_FOUND');
  if (wanted !== undefined) return [wanted];
  const named = [request.from, request.to]
    .map((text) => new Set(entitiesNamed(text, facts).map(({ cluster }) => cluster)))
    .map((clusters) => [...clusters].filter((cluster) => cluster !== GLOBAL))
    .filter((clusters) => clusters.length > 0);
  const [first = null, second = first] = named;
  if (first !== null && second !== null) {
    const shared = first.filter((cluster) => second.includes(cluster));
    return shared.length > 0 ? shared : [...first, ...second];
  }
  return known;
}

/** A host outside of Kubernetes has no name in the cluster, only its address. */
function shownTo(text: string, world: ExplainWorld): string {
  const [entity] = entitiesNamed(text, world);
  return entity?.class === 'unmanaged' ? (entity.addresses[0] ?? text) : text;
}

/** Names are collected once for each book. */
function namesByBook(form: Form): (book: PolicyBook) => ReadonlyMap<string, string> {
  let known: { readonly book: PolicyBook; readonly names: ReadonlyMap<string, string> } | undefined;
  return (book) => {
    if (known?.book !== book) known = { book, names: ruleNames(book, form) };
    return known.names;
  };
}
