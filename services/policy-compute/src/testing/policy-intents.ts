/** What people may ask of the policy, at random: few ids and names, so that what is asked often meets what is there. */
import fc from 'fast-check';
import { entryOf } from '../domain/policy-book.js';
import type { PolicyBook } from '../domain/policy-book.js';
import type { PolicyIntent } from '../domain/policy.decider.js';
import { ipList, labelGroup, rule, ruleSet, service } from './policy-builders.js';

export const IDS = ['1', '2', '3'] as const;
const anyId = fc.constantFrom(...IDS);
const ipLists = fc
  .record({ id: anyId, name: fc.constantFrom('a', 'b', 'c') })
  .map(({ id, name }) => ipList(`1${id}`, { name }));
const services = anyId.map((id) => service(`1${id}`));
const groups = fc
  .record({ id: anyId, subGroups: fc.subarray([...IDS]) })
  .map(({ id, subGroups }) => labelGroup(id, { labels: [id], subGroups }));
/** In every order and number, each with one of few things to say. */
const rules = fc
  .record({
    ids: fc.shuffledSubarray([...IDS]),
    list: anyId,
    group: anyId,
    service: anyId,
    kind: fc.constantFrom('ip_list', 'label_group'),
    enabled: fc.boolean(),
  })
  .map(({ ids, list, group, service: port, kind, enabled }) =>
    ids.map((id) =>
      rule(id, {
        enabled,
        consumers: [
          kind === 'ip_list'
            ? { kind, id: `1${list}` }
            : { kind: 'label_group', id: group, exclusion: false },
        ],
        services: [{ kind: 'service', id: `1${port}` }],
      }),
    ),
  );
const ruleSets = fc
  .record({ id: anyId, most: rules, last: rules })
  .map(({ id, most, last }) =>
    ruleSet(id, { rules: [...most, ...last.map((each) => ({ ...each, id: `2${each.id}` }))] }),
  );
const objects = fc.oneof(
  ipLists.map((object) => ({ type: 'ip_lists' as const, object })),
  services.map((object) => ({ type: 'services' as const, object })),
  groups.map((object) => ({ type: 'label_groups' as const, object })),
  ruleSets.map((object) => ({ type: 'rule_sets' as const, object })),
);
const chosen = fc.oneof(
  fc.constant('all' as const),
  fc.array(
    objects.map(({ type, object }) => ({ type, id: object.id })),
    { maxLength: 4 },
  ),
);
export const intents: fc.Arbitrary<PolicyIntent> = fc.oneof(
  { weight: 6, arbitrary: objects.map((given) => ({ do: 'create' as const, ...given })) },
  { weight: 3, arbitrary: objects.map((given) => ({ do: 'change' as const, ...given })) },
  {
    weight: 2,
    arbitrary: objects.map(({ type, object }) => ({ do: 'delete' as const, type, id: object.id })),
  },
  { weight: 1, arbitrary: chosen.map((each) => ({ do: 'revert' as const, chosen: each })) },
  {
    weight: 3,
    arbitrary: chosen.map((each) => ({
      do: 'provision' as const,
      chosen: each,
      note: '',
      workloadsAffected: 0,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((required) => ({ do: 'second-person' as const, required })),
  },
);

/** Ids are given out once: a creation of what exists is a change. */
export function asPossible(book: PolicyBook, intent: PolicyIntent): PolicyIntent {
  const exists = intent.do === 'create' && entryOf(book, intent.type, intent.object.id) !== undefined;
  return exists ? { ...intent, do: 'change' } : intent;
}
