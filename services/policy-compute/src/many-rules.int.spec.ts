/** The largest rule set that there may be, against real servers: made in one call, and rule by rule. */
import { RULES_PER_RULE_SET_MAX } from '@ringfence/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idOf, name, ruleBody, startPolicyClient } from './testing/policy-client.js';
import type { Body, PolicyClient } from './testing/policy-client.js';

let policy: PolicyClient;
beforeAll(async () => {
  policy = await startPolicyClient();
});
afterAll(() => policy?.close());

const BY_ONE = 5;
const SECONDS = 1_000;
const rules = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => ({ ...ruleBody, description: `rule ${from + n}` }));
const refused = {
  errors: [{ token: 'input_validation_error', message: expect.stringContaining('10000') as string }],
};

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const begun = performance.now();
  const answer = await work;
  expect(performance.now() - begun).toBeLessThan(ms);
  return answer;
}

describe('a rule set of 10,000 rules', () => {
  it('is made, read, changed rule by rule, provisioned, and read back by the next process', async () => {
    const most = rules(0, RULES_PER_RULE_SET_MAX - BY_ONE);
    const body = { name: name(), scopes: [[]], rules: most };
    const made = await within(30 * SECONDS, policy.create('rule_sets', body));
    const ids = [idOf(made)];
    for (const rule of rules(most.length, RULES_PER_RULE_SET_MAX))
      await within(5 * SECONDS, policy.create('rule_sets/sec_rules', rule, ids));
    const first = (made['rules'] as Body[])[0]!;
    const one = { ids: [...ids, idOf(first)], body: { enabled: false } };
    await within(5 * SECONDS, policy.ask('rule_sets/sec_rules', 'update', one));
    const descriptions = async (form: string) =>
      ((await within(10 * SECONDS, policy.get('rule_sets', ids, form)))['rules'] as Body[]).map(
        ({ description, enabled }) => [description, enabled],
      );
    const all = rules(0, RULES_PER_RULE_SET_MAX).map(({ description }, n) => [description, n > 0]);
    expect(await descriptions('draft')).toEqual(all);
    await policy.fixture.restart();
    expect(await descriptions('draft')).toEqual(all);
    await within(30 * SECONDS, policy.provision());
    expect(await descriptions('active')).toEqual(all);
    await policy.fixture.restart();
    expect(await descriptions('active')).toEqual(all);
    await expect(policy.create('rule_sets/sec_rules', ruleBody, ids)).rejects.toMatchObject(refused);
    await expect(policy.create('rule_sets/deny_rules', ruleBody, ids)).rejects.toMatchObject(refused);
    expect((await policy.ask('sec_policy', 'pending')).body).toEqual({});
  });

  it('is refused by its field with one rule more', async () => {
    const body = { name: name(), scopes: [[]], rules: rules(0, RULES_PER_RULE_SET_MAX + 1) };
    await expect(policy.create('rule_sets', body)).rejects.toMatchObject(refused);
    await expect(policy.create('rule_sets', body)).rejects.toThrow(/rules/);
  });
});
