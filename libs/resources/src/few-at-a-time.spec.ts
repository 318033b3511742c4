import { describe, expect, it } from 'vitest';
import { fewAtATime } from './few-at-a-time.js';

describe('few at a time', () => {
  it('goes one after the other, refuses whoever comes beyond, and has room again after each, failed or not', async () => {
    const few = fewAtATime(2, 'questions');
    const order: string[] = [];
    let endFirst = (): void => undefined;
    const first = few(async () => {
      await new Promise<void>((resolve) => (endFirst = resolve));
      order.push('first');
      throw new Error('failed');
    });
    const second = few(async () => void order.push('second'));
    await expect(few(async () => undefined)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      errors: [{ token: 'too_many_requests_error' }],
    });
    endFirst();
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(await few(async () => 'third')).toBe('third');
  });
});
