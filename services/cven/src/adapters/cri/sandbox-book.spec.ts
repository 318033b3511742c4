/** Events and late answers in any order: what an event said is never undone by an answer to an older question. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxBook } from './sandbox-book.js';
import type { FoundSandbox } from './sandbox-record.js';

const sandbox = (id: string, addresses = ['10.0.0.1']): FoundSandbox => ({
  id,
  podUid: id,
  namespace: 'shop',
  name: id,
  netns: `/run/netns/${id}`,
  addresses,
});

describe('the book of sandboxes', () => {
  it('keeps one that came while a list was on its way, and lets one go that ended meanwhile', async () => {
    const book = new SandboxBook();
    await book.question((at) => Promise.resolve(book.found(sandbox('old'), at)));
    await book.question(async (askedAt) => {
      book.heardOf('new');
      await book.question((at) => Promise.resolve(book.found(sandbox('new', []), at)));
      expect(book.ended('old')).toBe(true);
      expect(book.doubtful([{ id: 'old', isReady: true }], askedAt)).toEqual([]);
      expect(book.found(sandbox('old'), askedAt)).toBe(false);
    });
    expect(book.get('new')).toBeDefined();
    expect(book.get('old')).toBeUndefined();
  });

  it('asks about whom a later list does not show, and hears of addresses once', async () => {
    const book = new SandboxBook();
    book.heardOf('a');
    await book.question((at) => {
      expect([book.found(sandbox('a', []), at), book.found(sandbox('a'), at)]).toEqual([true, true]);
      expect(book.found(sandbox('a'), at)).toBe(false);
      return Promise.resolve();
    });
    await book.question((at) => {
      expect(book.doubtful([{ id: 'a', isReady: false }], at)).toEqual(['a']);
      expect(book.confirmGone('a', at)).toBe(true);
      return Promise.resolve();
    });
  });

  it('agrees with the world once everything has been heard, however late the answers', async () => {
    const action = fc.record({
      kind: fc.constantFrom('make', 'end', 'ask', 'answer') as fc.Arbitrary<
        'make' | 'end' | 'ask' | 'answer'
      >,
      id: fc.constantFrom('a', 'b', 'c', 'd'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const book = new SandboxBook();
        const made = new Set<string>();
        const world = new Set<string>();
        const answers: (() => void)[] = [];
        const asked: Promise<void>[] = [];
        /** Sees the world as it is now, is heard whenever its turn comes. */
        const list = (): Promise<void> =>
          book.question(async (at) => {
            const seen = [...world];
            await new Promise<void>((resolve) => answers.push(resolve));
            for (const id of book.doubtful(
              seen.map((each) => ({ id: each, isReady: true })),
              at,
            ))
              book.confirmGone(id, at);
            for (const id of seen) book.found(sandbox(id), at);
          });
        for (const { kind, id } of actions) {
          if (kind === 'make' && !made.has(id)) {
            made.add(id);
            world.add(id);
            book.heardOf(id);
            await book.question((at) => Promise.resolve(book.found(sandbox(id), at)));
          } else if (kind === 'end' && world.delete(id)) book.ended(id);
          else if (kind === 'ask') asked.push(list());
          else if (kind === 'answer') {
            answers.shift()?.();
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
        for (const answer of answers) answer();
        await Promise.all(asked);
        expect(['a', 'b', 'c', 'd'].filter((id) => book.get(id) !== undefined)).toEqual([...world].sort());
      }),
    );
  });
});
