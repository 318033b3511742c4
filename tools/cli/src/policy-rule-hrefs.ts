/** Rules that a rule set has already keep their hrefs, so that they stay who they are. Pure. */
import { canonical } from './policy-difference.js';
import { PolicyFile } from './policy-file.js';
import type { Existing } from './policy-known.js';
import type { Body } from './policy-translation.js';

type Rules = readonly Readonly<Record<string, unknown>>[];
interface RuleLists {
  readonly rules: Rules;
  readonly deny_rules: Rules;
}

/** `set`: what is to be sent, in the words of documents. `before`: what there is, in the order of its body. */
interface InWords {
  readonly set: RuleLists;
  readonly before: Body | undefined;
}

export function rulesWithHrefs(body: Body, existing: Existing, { set, before }: InWords): Body {
  const read = PolicyFile.safeParse({ rule_sets: [before] });
  const [words] = read.success ? read.data.rule_sets : [];
  const list = (field: keyof RuleLists): Body[] => {
    const standing = ((existing[field] ?? []) as Rules).filter((rule) => rule['update_type'] !== 'delete');
    const free = standing.map((rule, index) => ({
      href: rule['href'],
      text: canonical(words?.[field][index]),
    }));
    const bodies = body[field] as Body[];
    return set[field].map((rule, index) => {
      const at = free.findIndex(({ text }) => text === canonical(rule));
      const [found] = at < 0 ? [] : free.splice(at, 1);
      return found === undefined ? bodies[index]! : { href: found.href, ...bodies[index] };
    });
  };
  return { ...body, rules: list('rules'), deny_rules: list('deny_rules') };
}
