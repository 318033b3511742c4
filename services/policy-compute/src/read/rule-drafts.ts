/**
 * Rules that were drafted one by one, beside the draft of their rule set: of ten thousand rules the draft is not written anew for
 * each. What is drafted, reverted or provisioned as a whole ends them.
 */
import { WHOLE_NUMBER } from '@ringfence/event-store';
import { EntitySchema } from 'typeorm';
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';
import { RULE_LISTS } from '../domain/policy-object.js';
import type { AnyRule, ObjectKey, RuleListName } from '../domain/policy-object.js';
import type { RuleChanges } from '../domain/rule-changes.js';

interface RuleDraftRow {
  readonly ruleSet: string;
  readonly list: RuleListName;
  readonly id: string;
  /** Null: it is gone. */
  readonly rule: AnyRule | null;
  /** Of the event that first spoke of it: new rules come in this order. */
  readonly place: number;
}

export const RuleDraftEntity = new EntitySchema<RuleDraftRow>({
  name: 'RuleDraft',
  tableName: 'policy_rule_drafts',
  columns: {
    ruleSet: { name: 'rule_set', type: 'text', primary: true },
    list: { type: 'text', primary: true },
    id: { type: 'text', primary: true },
    rule: { type: 'jsonb', nullable: true },
    place: WHOLE_NUMBER,
  },
});

export async function rememberRuleDrafts(
  entities: EntityManager,
  ruleSet: string,
  lists: RuleChanges,
  place: number,
): Promise<void> {
  const rows = RULE_LISTS.flatMap((list) => [
    ...lists[list].written.map((rule) => ({ ruleSet, list, id: rule.id, rule, place })),
    ...lists[list].removed.map((id) => ({ ruleSet, list, id, rule: null, place })),
  ]);
  if (rows.length === 0) return;
  await entities
    .createQueryBuilder()
    .insert()
    .into(RuleDraftEntity)
    .values(rows as QueryDeepPartialEntity<RuleDraftRow>[])
    .orUpdate(['rule'], ['rule_set', 'list', 'id'])
    .execute();
}

export async function forgetRuleDrafts(entities: EntityManager, { type, id }: ObjectKey): Promise<void> {
  if (type === 'rule_sets') await entities.delete(RuleDraftEntity, { ruleSet: id });
}

/** By rule set, what its draft does not say yet; of all, or of one. */
export async function ruleDrafts(
  entities: EntityManager,
  key?: ObjectKey,
): Promise<ReadonlyMap<string, RuleChanges>> {
  const rows = await entities
    .createQueryBuilder(RuleDraftEntity, 'drafted')
    .where(key === undefined ? {} : { ruleSet: key.id })
    .orderBy({ 'drafted.place': 'ASC', 'length(drafted.id)': 'ASC', 'drafted.id': 'ASC' })
    .getMany();
  const bySet = new Map<string, RuleDraftRow[]>();
  for (const row of rows) {
    const ofSet = bySet.get(row.ruleSet) ?? [];
    ofSet.push(row);
    bySet.set(row.ruleSet, ofSet);
  }
  return new Map([...bySet].map(([ruleSet, ofSet]) => [ruleSet, changesOf(ofSet)]));
}

const changesOf = (rows: readonly RuleDraftRow[]): RuleChanges =>
  Object.fromEntries(
    RULE_LISTS.map((name) => {
      const ofList = rows.filter(({ list }) => list === name);
      const written = ofList.flatMap(({ rule }) => rule ?? []);
      return [name, { written, removed: ofList.flatMap(({ id, rule }) => (rule === null ? [id] : [])) }];
    }),
  ) as unknown as RuleChanges;
