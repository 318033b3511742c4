/** For commands whose exit code 1 means "it would change": whoever runs them in CI must not take an error for that. */
import { EXIT, Failure } from '../failure.js';

export async function errorsAreTwo(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof Failure ? new Failure(EXIT.usage, error.message, { cause: error }) : error;
  }
}
