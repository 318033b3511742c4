/** What must be true before the process is ready, and what else is worth showing beside. */
import { VERSION } from '@ringfence/contracts';
import type { Health, Requirement } from './host.js';

export interface HealthReport {
  /** Of the release that runs. */
  readonly version: string;
  readonly ready: boolean;
  /** One sentence per unmet requirement. */
  readonly missing: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

export interface HealthRegistry extends Health {
  report(): HealthReport;
}

export function healthRegistry(): HealthRegistry {
  const requirements = new Map<string, Requirement>();
  const facts = new Map<string, () => string>();
  const alarms = new Map<string, string>();
  const missing = (): string[] =>
    [...requirements].flatMap(([name, isMet]) => {
      const answer = ask(isMet);
      return answer === true ? [] : [`${name}: ${answer}`];
    });
  return {
    require: (name, isMet) => void requirements.set(name, isMet),
    missing,
    alarm: (what, words) => {
      alarms.set(what, words);
      facts.set(`INSECURE ${what}`, () => words);
    },
    alarms: () => [...alarms.values()],
    fact: (name, value) => void facts.set(name, value),
    report: () => {
      const unmet = missing();
      return {
        version: VERSION,
        ready: unmet.length === 0,
        missing: unmet,
        facts: Object.fromEntries([...facts].map(([name, value]) => [name, value()])),
      };
    },
  };
}

function ask(isMet: Requirement): true | string {
  try {
    return isMet();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
