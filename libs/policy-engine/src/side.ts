/**
 * One side of a rule, in one scope → the questions that it asks. Labels of one type are ORed, types are ANDed,
 * exclusions are taken away last; the scope narrows what has labels and never IP lists. A reference to something that
 * is not there asks for nobody.
 */
import type { GroupId, LabelId, RuleActor, ScopeEntry } from '@ringfence/contracts';
import { ALL_WORKLOADS, intersect, selectorOf, selectorText } from '@ringfence/labels';
import type { Selector, TypeWish } from '@ringfence/labels';
import { askBeyond, askIpList, askSelector, askSubnets, askWorkloads, OWN_HOST } from './question.js';
import type { Question, SelectorQuestion, Way, WorkloadsQuestion } from './question.js';

export interface Side {
  /** Label sets that labels or `ams` mean. */
  readonly labelled: SelectorQuestion | null;
  /** Workloads that are named one by one. */
  readonly named: WorkloadsQuestion | null;
  /** Everything that the side asks for, as the other side's peers: sorted by id. */
  readonly questions: readonly Question[];
  /** Their ids, shared by the wire rules that ask for this side. */
  readonly peers: GroupId[];
}

/** What a side may refer to; undefined: it is not there. */
export interface References {
  keyOf(label: LabelId): string | undefined;
  /** With the labels of its nested groups. */
  labelGroup(id: string): { readonly key: string; readonly labels: readonly LabelId[] } | undefined;
}

/** What a rule set's scope leaves, and the sides that were resolved in it. */
export interface Scope {
  /** null: it matches nobody. */
  readonly selector: Selector | null;
  /** Of everything in it, and of one label each, once somebody asked for it. */
  everybody: Side | null;
  sides: Map<LabelId, Side> | null;
}

export interface SideContext {
  readonly book: SideBook;
  readonly references: References;
  readonly scope: Scope;
  /** Whether labels and `ams` mean workloads here (and not only virtual services). */
  readonly labelsAreWorkloads: boolean;
  /** `container_host` means something only as a consumer from outside the scope. */
  readonly allowsContainerHost: boolean;
}

const scopeOf = (selector: Selector | null): Scope => ({ selector, everybody: null, sides: null });

export function resolveScope(
  entries: readonly ScopeEntry[],
  { book, references }: Pick<SideContext, 'book' | 'references'>,
): Scope {
  const id = onlyLabel(entries);
  if (id !== undefined) return book.scopeOf(id, references.keyOf(id));
  const wishes = collectWishes(entries, references);
  return scopeOf(wishes.asksForUnknown ? null : intersect(selectorOf(wishes.asked), remainingOf(wishes)));
}

export function resolveSide(actors: readonly RuleActor[], context: SideContext): Side {
  if (context.labelsAreWorkloads) {
    const id = onlyLabel(actors);
    if (id !== undefined) return sideOfLabel(id, context);
    if (actors.length === 1 && actors[0]!.kind === 'ams') return sideOfScope(context);
  }
  return sideOfActors(actors, context);
}

/** As most sides and scopes are, and the same again and again. */
function onlyLabel(entries: readonly (RuleActor | ScopeEntry)[]): LabelId | undefined {
  const [first, second] = entries;
  return second === undefined && first?.kind === 'label' && !first.exclusion ? first.id : undefined;
}

const sideOfScope = ({ book, scope }: SideContext): Side => (scope.everybody ??= book.sideOf(scope.selector));

/** Looking the label up is depending on it, whoever has asked before. */
function sideOfLabel(id: LabelId, { book, references, scope }: SideContext): Side {
  const key = references.keyOf(id);
  const known = scope.sides?.get(id);
  if (known !== undefined) return known;
  const side = book.sideOf(intersect(selectorOfLabel(id, key), scope.selector));
  scope.sides ??= new Map();
  scope.sides.set(id, side);
  return side;
}

const selectorOfLabel = (id: LabelId, key: string | undefined): Selector | null =>
  key === undefined ? null : { classes: ALL_WORKLOADS.classes, conditions: [{ key, anyOf: [id] }] };

function sideOfActors(actors: readonly RuleActor[], context: SideContext): Side {
  const { meant, remaining } = labelledSelector(actors, context.references, context.scope);
  const ofLabels = context.book.sideOf(context.labelsAreWorkloads ? meant : null);
  if (actors.every(isLabelActor)) return ofLabels;
  const ids = actors.flatMap((actor) => (actor.kind === 'workload' ? [actor.id] : []));
  const named = remaining !== null && ids.length > 0 ? askWorkloads(ids, remaining) : null;
  const questions = [...ofLabels.questions, ...(named === null ? [] : [named])];
  return sideOf(ofLabels.labelled, named, [...questions, ...otherQuestions(actors, context)]);
}

/** What labels and `ams` ask for, and what the scope and the exclusions leave to those that are named. */
export function labelledSelector(
  actors: readonly RuleActor[],
  references: References,
  scope: Scope,
): { readonly meant: Selector | null; readonly remaining: Selector | null } {
  const wishes = collectWishes(actors, references);
  const remaining = intersect(remainingOf(wishes), scope.selector);
  return { meant: labelledPart(actors, wishes, remaining), remaining };
}

const isLabelActor = ({ kind }: RuleActor): boolean =>
  kind === 'label' || kind === 'label_group' || kind === 'ams';

/** Of these questions alone, as peers; whoever of them are workloads enforces. */
export const sideOfQuestions = (named: WorkloadsQuestion | null, others: readonly Question[]): Side =>
  sideOf(null, named, [...(named === null ? [] : [named]), ...others]);

function sideOf(
  labelled: SelectorQuestion | null,
  named: WorkloadsQuestion | null,
  questions: Question[],
): Side {
  questions.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { labelled, named, questions, peers: questions.map(({ id }) => id) };
}

export const NOBODY = sideOf(null, null, []);

/** Services of clusters, and nobody else. */
export const SERVICES: Selector = { classes: ['service'], conditions: [] };
/** Whom it means stands behind Services; the cluster knows who that is. */
export const meansServices = ({ classes }: Selector): boolean =>
  classes.length === 1 && classes[0] === 'service';

/** Rules ask the same again and again: of what is compiled together, each question, each side and each scope that is only that is made once. */
export class SideBook {
  /** Where nothing is scoped. */
  readonly everywhere = scopeOf(ALL_WORKLOADS);
  private readonly scopes = new Map<LabelId, Scope>();
  private readonly labelled = new Map<string, Side>();
  private readonly ipLists = new Map<string, Question>();
  private readonly widened = { from: new Map<Side, Side>(), to: new Map<Side, Side>() };
  private readonly subnets = new Map<Side, Side>();

  /** `crossing`: there are other clusters, and rules reach across. */
  constructor(private readonly crossing = false) {}

  /** Whoever has the label; without a type it is not there. */
  scopeOf(label: LabelId, key: string | undefined): Scope {
    let scope = this.scopes.get(label);
    if (scope === undefined) this.scopes.set(label, (scope = scopeOf(selectorOfLabel(label, key))));
    return scope;
  }

  /** null: nobody. */
  sideOf(selector: Selector | null): Side {
    if (selector === null) return NOBODY;
    const text = selectorText(selector);
    let side = this.labelled.get(text);
    if (side === undefined) {
      const question = askSelector(selector, text);
      this.labelled.set(text, (side = sideOf(question, null, [question])));
    }
    return side;
  }

  /** As peers: with whom it means in other clusters. */
  peersOf(side: Side, way: Way): Side {
    if (!this.crossing) return side;
    let widened = this.widened[way].get(side);
    if (widened === undefined) this.widened[way].set(side, (widened = withBeyond(side, way)));
    return widened;
  }

  /** As peers: by the subnets of their interfaces. */
  subnetsOf(side: Side): Side {
    let subnets = this.subnets.get(side);
    if (subnets === undefined) this.subnets.set(side, (subnets = asSubnets(side)));
    return subnets;
  }

  askIpList(id: string): Question {
    let question = this.ipLists.get(id);
    if (question === undefined) this.ipLists.set(id, (question = askIpList(id)));
    return question;
  }
}

function asSubnets(side: Side): Side {
  const questions = side.questions.map((question) =>
    question.kind === 'workloads' || question.kind === 'selector' ? askSubnets(question) : question,
  );
  return sideOf(side.labelled, side.named, questions);
}

/** Services are their own cluster's business: who is behind them it alone knows. */
function withBeyond(side: Side, way: Way): Side {
  const beyond = side.questions.flatMap((asked) => {
    const question = asked.kind === 'subnets' ? asked.of : asked;
    const isCrossing =
      question.kind === 'workloads' || (question.kind === 'selector' && !meansServices(question.selector));
    return isCrossing ? [askBeyond(question, way)] : [];
  });
  return beyond.length === 0 ? side : sideOf(side.labelled, side.named, [...side.questions, ...beyond]);
}

function labelledPart(
  actors: readonly RuleActor[],
  wishes: Wishes,
  remaining: Selector | null,
): Selector | null {
  if (actors.some((actor) => actor.kind === 'ams')) return remaining;
  if (wishes.asksForUnknown || (wishes.asked.size === 0 && wishes.excluded.size === 0)) return null;
  return intersect(selectorOf(wishes.asked), remaining);
}

function otherQuestions(actors: readonly RuleActor[], context: SideContext): Question[] {
  const lists = new Set(actors.flatMap((actor) => (actor.kind === 'ip_list' ? [actor.id] : [])));
  const questions = [...lists].map((id) => context.book.askIpList(id));
  const asksForHost = context.allowsContainerHost && actors.some((actor) => actor.kind === 'container_host');
  return asksForHost ? [...questions, OWN_HOST] : questions;
}

interface Wishes {
  readonly asked: Map<string, TypeWish>;
  readonly excluded: Map<string, TypeWish>;
  /** Of a label or label group that is not there nobody knows the type, so nobody meets it. */
  asksForUnknown: boolean;
  excludesUnknown: boolean;
}
/** What most sides wish; never written to. */
const NO_WISHES: Wishes = {
  asked: new Map(),
  excluded: new Map(),
  asksForUnknown: false,
  excludesUnknown: false,
};

/** What the exclusions leave of everything that has labels; one that cannot be read leaves nobody. */
const remainingOf = (wishes: Wishes): Selector | null =>
  wishes.excludesUnknown ? null : selectorOf(wishes.excluded);

function collectWishes(entries: readonly (RuleActor | ScopeEntry)[], references: References): Wishes {
  if (!entries.some((entry) => entry.kind === 'label' || entry.kind === 'label_group')) return NO_WISHES;
  const wishes: Wishes = {
    asked: new Map(),
    excluded: new Map(),
    asksForUnknown: false,
    excludesUnknown: false,
  };
  for (const entry of entries) {
    if (entry.kind !== 'label' && entry.kind !== 'label_group') continue;
    const meant = entry.kind === 'label' ? oneLabel(entry.id, references) : references.labelGroup(entry.id);
    if (meant !== undefined) addWish(wishes, meant, entry.exclusion);
    else if (entry.exclusion) wishes.excludesUnknown = true;
    else wishes.asksForUnknown = true;
  }
  return wishes;
}

type LabelsOfType = NonNullable<ReturnType<References['labelGroup']>>;

function oneLabel(id: LabelId, references: References): LabelsOfType | undefined {
  const key = references.keyOf(id);
  return key === undefined ? undefined : { key, labels: [id] };
}

function addWish(wishes: Wishes, { key, labels }: LabelsOfType, isExclusion: boolean): void {
  const { asked, excluded } = wishes;
  if (isExclusion)
    excluded.set(key, { anyOf: null, noneOf: [...(excluded.get(key)?.noneOf ?? []), ...labels] });
  else asked.set(key, { anyOf: [...(asked.get(key)?.anyOf ?? []), ...labels], noneOf: [] });
}
