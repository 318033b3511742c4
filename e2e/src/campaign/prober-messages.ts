/** What a prober is told (lines of JSON on its standard input) and what it says (lines on its standard output). */
import type { Outcome, Protocol } from './model.js';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly proto: Protocol;
}

export type Order =
  /** Listens and tells every arrival. */
  | { readonly kind: 'listen'; readonly proto: Protocol; readonly port: number }
  /** From now on calls these one after the other, one every so many milliseconds. */
  | { readonly kind: 'call'; readonly targets: readonly Target[]; readonly everyMs: number }
  /** Throws a datagram and a connection at each of these again and again, and tells only what passed. */
  | {
      readonly kind: 'sweep';
      readonly addresses: readonly string[];
      readonly tcp: number;
      readonly udp: number;
    }
  /** Calls each of these once, and answers with the token when all are done. */
  | { readonly kind: 'round'; readonly token: string; readonly targets: readonly Target[] };

export type Report =
  | { readonly kind: 'listening'; readonly proto: Protocol; readonly port: number }
  | ({
      readonly kind: 'attempt';
      readonly began: number;
      readonly ended: number;
      readonly outcome: Outcome;
      readonly round?: string;
    } & Target)
  | {
      readonly kind: 'arrival';
      readonly proto: Protocol;
      readonly port: number;
      readonly address: string;
      readonly began: number;
      readonly ended: number;
      readonly sender: string | null;
    }
  | { readonly kind: 'round-done'; readonly token: string };
