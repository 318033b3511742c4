import { CallError } from '@ringfence/bus';
import { describe, expect, it } from 'vitest';
import { bulkAnswer, bulkRefusals } from './bulk.js';

const refused = CallError.of('INVALID_ARGUMENT', 'input_validation_error', 'href: Invalid input');

describe('the answer to a bulk call', () => {
  it('names an item by its href, and by nothing that only stands there', () => {
    const items = [{ href: '/orgs/1/workloads/1' }, { href: {} }, {}];
    const outcomes = items.map(() => refused);
    for (const { body } of [bulkAnswer(items, outcomes, () => ({})), bulkRefusals(items, outcomes)])
      expect((body as { href?: unknown }[]).map(({ href }) => href)).toEqual([
        '/orgs/1/workloads/1',
        undefined,
        undefined,
      ]);
  });
});
