/** Reading a command line: a mistake is refused in one line, and `--help` answered. */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

export class UsageError extends Error {}

/** As `parseArgs`, whose refusals are mistakes of the user. */
export function parseWords<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function parseNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least || value > most)
    throw new UsageError(`${name} must be a number from ${least} to ${most}, not "${text}"`);
  return value;
}

export function parseInteger(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}

/** Null: help was asked for and printed. A mistake ends the process. */
export function readCommandLine<T>(parse: () => T | 'help', usage: string): T | null {
  try {
    const options = parse();
    if (options !== 'help') return options;
    process.stdout.write(`${usage}\n`);
    return null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`ringfence: ${error.message}\n`);
    process.exit(2);
  }
}
