/** Work that costs, done one after the other: few wait for their turn, and who comes beyond them is told to come again. */
import { CallError } from '@ringfence/bus';
import { oneAtATime } from '@ringfence/event-store';
import type { OneAtATime } from '@ringfence/event-store';

/** `most`: under way and waiting. `what`: in words, of several. `token`: of whoever is told to come again. */
export function fewAtATime(most: number, what: string, token = 'too_many_requests_error'): OneAtATime {
  const inTurn = oneAtATime();
  let there = 0;
  return async (work) => {
    if (there >= most) {
      const words = `${most} ${what} are being answered; try again in a moment`;
      throw CallError.of('RESOURCE_EXHAUSTED', token, words);
    }
    there += 1;
    try {
      return await inTurn(work);
    } finally {
      there -= 1;
    }
  };
}
