import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Progress } from './progress.js';

/** What is written, without colours; each object takes this long. */
async function written(isTerminal: boolean, objects: number, eachMs: number): Promise<string[]> {
  const texts: string[] = [];
  let now = 0;
  const progress = new Progress((text) => texts.push(text), { isTerminal, now: () => now });
  await progress.phase('Application', async (counted) => {
    for (let done = 1; done <= objects; done += 1) {
      now += eachMs;
      counted(done, objects);
    }
  });
  return texts;
}

describe('progress', () => {
  it('is a bar on a terminal, drawn over itself and gone in the end', async () => {
    const texts = await written(true, 4, 60);
    expect(texts.slice(1, 3)).toEqual([
      `\r\u001b[K  ${'█'.repeat(15)}${'░'.repeat(15)}  50 % 2 of 4 objects`,
      `\r\u001b[K  ${'█'.repeat(30)} 100 % 4 of 4 objects`,
    ]);
    expect(texts.at(-1)).toMatch(/^\r\u001b\[K/);
    expect(stripVTControlCharacters(texts.at(-1) ?? '').trim()).toMatch(/^✓ Application +0\.2 s$/);
  });

  it('is a line now and then elsewhere, and none where it is quick', async () => {
    const slow = await written(false, 300, 50);
    expect(slow.slice(1, -1)).toEqual([
      '  100 of 300 objects\n',
      '  200 of 300 objects\n',
      '  300 of 300 objects\n',
    ]);
    expect(await written(false, 300, 1)).toHaveLength(2);
  });
});
