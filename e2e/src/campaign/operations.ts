/** What operators do meanwhile, by chance from the seed: provision, change modes, move labels. One thing at a time, as one operator would. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KnobHistory } from './knob-history.js';
import { modeOf } from './model.js';
import type { Mode } from './model.js';
import type { PolicyAuthor } from './policy-author.js';
import type { Random } from './random.js';
import { MOODY, SWITCHED_RULE } from './town.js';

/** Each mode is left for another; full, where errors show, comes most often. */
const NEXT_MODES: readonly Mode[] = ['full', 'full', 'visibility_only', 'idle', 'selective'];

export interface Operators {
  readonly author: PolicyAuthor;
  readonly knobs: KnobHistory;
  readonly random: Random;
  readonly signal: AbortSignal;
}

export async function operate({ author, knobs, random, signal }: Operators): Promise<void> {
  while (!signal.aborted) {
    const chance = random.next();
    if (chance < 0.5) await author.switchRule(SWITCHED_RULE);
    else if (chance < 0.85) await author.setMode(MOODY, nextMode(knobs.asked(modeOf(MOODY)), random));
    else await author.moveLabel(MOODY);
    await sleep(random.between(1_500, 8_000), undefined, { signal }).catch(() => undefined);
  }
}

function nextMode(current: string, random: Random): Mode {
  return random.pick(NEXT_MODES.filter((mode) => mode !== current));
}
