/**
 * What becomes of something that a component says of an object, by the rules of Kubernetes' own recorders: the same words again
 * are counted; many wordings of one thing are told as one; of an object that is talked about all the time only so much is told.
 * Deciding only; writing it down is the caller's business. The clock is an argument.
 */
import { randomUUID } from 'node:crypto';

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface InvolvedObject {
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

export interface CountedEvent extends EventText {
  readonly name: string;
  readonly about: InvolvedObject;
  /** How often by now; one: it is new. */
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Told {
  readonly name: string;
  readonly firstMs: number;
  count: number;
}
interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}
interface Budget {
  left: number;
  atMs: number;
}

/** As client-go has them, but for the part of the burst that is kept for what was not said yet. */
const limits = {
  entries: 4_096,
  wordings: 10,
  similarMs: 600_000,
  burst: 25,
  forNews: 10,
  refillMs: 300_000,
};

export class EventCorrelator {
  private readonly told = new Map<string, Told>();
  private readonly similar = new Map<string, Similar>();
  private readonly budgets = new Map<string, Budget>();

  /** Nothing: enough was said of this object. */
  next(about: InvolvedObject, text: EventText, nowMs: number): CountedEvent | undefined {
    const object = [about.kind, about.namespace, about.name, about.uid].join('/');
    const { message, key } = this.aggregated(about, text, nowMs, object);
    const before = this.told.get(key);
    if (!this.isAffordable(object, before === undefined ? 1 : 1 + limits.forNews, nowMs)) return undefined;
    const told = before ?? { name: `${about.name}.${newSuffix()}`, firstMs: nowMs, count: 0 };
    told.count += 1;
    keep(this.told, key, told);
    const { name, firstMs, count } = told;
    return { ...text, message, name, about, count, firstMs, lastMs: nowMs };
  }

  /** It is not there any more, or never came to be: the same words are told anew. */
  forget({ name }: CountedEvent): void {
    for (const [key, told] of this.told) if (told.name === name) this.told.delete(key);
  }

  private aggregated(
    about: InvolvedObject,
    { type, reason, message }: EventText,
    nowMs: number,
    object: string,
  ): { message: string; key: string } {
    const kindOfThing = [object, about.fieldPath, type, reason].join('\n');
    // Every attempt at a sandbox has an id of its own; it is the same thing all the same.
    const wording = message.replace(/[0-9a-f]{64}/g, '');
    const known = this.similar.get(kindOfThing);
    const isRecent = known !== undefined && nowMs - known.lastMs <= limits.similarMs;
    const similar = isRecent ? known : { messages: new Set<string>(), lastMs: nowMs };
    similar.lastMs = nowMs;
    keep(this.similar, kindOfThing, similar);
    if (similar.messages.size < limits.wordings || similar.messages.has(wording)) {
      similar.messages.add(wording);
      return { message, key: `${kindOfThing}\n${wording}` };
    }
    return { message: `(combined from similar events): ${message}`, key: kindOfThing };
  }

  private isAffordable(object: string, needed: number, nowMs: number): boolean {
    const budget = this.budgets.get(object) ?? { left: limits.burst, atMs: nowMs };
    const left = Math.min(limits.burst, budget.left + (nowMs - budget.atMs) / limits.refillMs);
    const isAffordable = left >= needed;
    keep(this.budgets, object, { left: isAffordable ? left - 1 : left, atMs: nowMs });
    return isAffordable;
  }
}

/** Used again is young again; the oldest makes room. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest = ''] = map.keys();
  if (map.size > limits.entries) map.delete(oldest);
}

const newSuffix = (): string => randomUUID().replaceAll('-', '').slice(0, 16);
