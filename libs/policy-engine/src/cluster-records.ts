/**
 * What one cluster knows, as records that refer to each other. All that is known of one thing is in one record, which the cluster's
 * calculators share: there are hundreds of thousands, and a map of each calculator's own would be looked into as often.
 *
 *     label set ◀──selectors, members──▶ question ◀──carriers, lists──▶ rule list
 */
import type {
  EnforcementMode,
  Group,
  LabelSet,
  LabelSetId,
  RuleList,
  RuleListId,
} from '@ringfence/contracts';
import { SmallSet } from '@ringfence/labels';
import type { Selected, Selecting } from '@ringfence/labels';
import type { Question, SelectorQuestion } from './question.js';
import type { RuleEnd } from './rule-compiler.js';
import type { RuleEnds } from './rule-ends.js';

/** A label set and its unit. */
export interface KnownLabelSet extends Selected<AskedSelector> {
  mode: EnforcementMode;
  /** The list that its unit names, as it was told; undefined: it has no unit. */
  listed: Listed | undefined;
  toldMode: EnforcementMode | undefined;
  /** Its unit is to be looked at again. */
  isDirty: boolean;
}

/** A question that rules ask, and the group that answers it. */
export interface AskedQuestion {
  readonly question: Question;
  /** Rule ends that ask it. */
  asking: number;
  /** Rule ends of listed selectors, and of workloads in lists, that name it as peers. */
  naming: number;
  /** The group, as it was told. */
  told: Group | undefined;
  /** What of the answer may be another since. */
  pending: Pending | undefined;
}

/** `all`: look again; otherwise the label sets that came (true) and went (false). */
export type Pending = 'all' | Map<LabelSetId, boolean>;

/** A question that means label sets: it says, too, whose lists carry which rules. */
export interface AskedSelector extends AskedQuestion, Selecting<KnownLabelSet> {
  readonly question: SelectorQuestion;
  /** What whoever it means enforces. */
  readonly ingress: RuleEnds;
  readonly egress: RuleEnds;
  /** Lists that were made with it. As long as there are any, it needs the groups that its ends name. */
  readonly lists: SmallSet<Listed>;
}

export interface Listed {
  readonly id: RuleListId;
  /** Only that; units that name it share it. */
  readonly ids: RuleListId[];
  /** What its id is a hash of: the questions, and the label set whose own it is. */
  readonly text: string;
  readonly carriers: readonly AskedSelector[];
  named: readonly RuleEnd[];
  /** Units that name it. */
  users: number;
  told: RuleList | undefined;
  /** Of the ends that name workloads, those that it was told with: it needs their groups, too. */
  toldNamed: readonly RuleEnd[];
}

export const carriesRules = ({ ingress, egress }: AskedSelector): boolean => ingress.size + egress.size > 0;

export const newLabelSet = (labelSet: LabelSet, mode: EnforcementMode): KnownLabelSet => ({
  labelSet,
  mode,
  selectors: new SmallSet(),
  listed: undefined,
  toldMode: undefined,
  isGone: false,
  isDirty: false,
});
