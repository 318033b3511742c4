/**
 * The streams of both kinds of server. A stream has one kind of writer, so that none can push another's messages out;
 * where many write that do not trust each other (nodes in a cluster, clusters on the control server), each holds its own
 * share per subject only.
 */

export interface StreamContract {
  /** One of its kind on each server. */
  readonly name: string;
  readonly subjects: readonly string[];
  /** `limits` keeps what was read, so that a second reader is possible; `last` keeps one message per subject. */
  readonly retention: 'limits' | 'last';
  readonly maxBytes: number;
  readonly maxAgeSeconds: number;
  readonly server: 'control' | 'cluster' | 'both';
  /** The oldest of a subject go beyond this; absent: only the stream as a whole is bounded. */
  readonly maxPerSubject?: number;
  readonly maxMessageBytes?: number;
  /**
   * Whether a repeated message id is dropped. Ids count per stream, so that a writer could swallow what another is about
   * to say: where writers do not trust each other, nobody gives ids, and readers recognise repeats by what they are.
   */
  readonly dropsRepeats: boolean;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DAY = 86_400;

export const STREAMS: readonly StreamContract[] = [
  {
    // Kubelink alone writes it; on the control server each cluster, for its own objects.
    name: 'OBSERVATIONS',
    subjects: ['obs.*.*.*'],
    retention: 'limits',
    maxBytes: 2 * GIB,
    maxAgeSeconds: 2 * DAY,
    server: 'both',
    maxPerSubject: 64,
    maxMessageBytes: 2 * MIB,
    dropsRepeats: false,
  },
  {
    name: 'AGENTS',
    subjects: ['agent.*.*.*'],
    retention: 'last',
    maxBytes: GIB,
    maxAgeSeconds: 2 * DAY,
    server: 'both',
    maxMessageBytes: MIB,
    dropsRepeats: false,
  },
  {
    name: 'EVENTS',
    subjects: ['evt.*.*.*'],
    retention: 'limits',
    maxBytes: 4 * GIB,
    maxAgeSeconds: 30 * DAY,
    server: 'control',
    dropsRepeats: true,
  },
  {
    name: 'POLICY',
    subjects: ['policy.*.*.*'],
    retention: 'last',
    maxBytes: 2 * GIB,
    maxAgeSeconds: 0,
    server: 'control',
    dropsRepeats: true,
  },
  {
    name: 'READINESS',
    subjects: ['policy.*.readiness.*'],
    retention: 'last',
    maxBytes: GIB,
    maxAgeSeconds: 2 * DAY,
    server: 'cluster',
    dropsRepeats: true,
  },
  {
    // As nodes count them.
    name: 'FLOWS',
    subjects: ['flow.*.batch.*'],
    retention: 'limits',
    maxBytes: 4 * GIB,
    maxAgeSeconds: 2 * DAY,
    server: 'cluster',
    maxPerSubject: 2_048,
    maxMessageBytes: 4 * MIB,
    dropsRepeats: false,
  },
  {
    // As clusters send them: both ends named.
    name: 'FLOWS',
    subjects: ['flow.*.decorated.*'],
    retention: 'limits',
    maxBytes: 4 * GIB,
    maxAgeSeconds: 2 * DAY,
    server: 'control',
    maxPerSubject: 2_048,
    maxMessageBytes: 4 * MIB,
    dropsRepeats: false,
  },
  {
    // On their way to the control plane; clas-cache alone writes it.
    name: 'DECORATED',
    subjects: ['flow.*.decorated.*'],
    retention: 'limits',
    maxBytes: 4 * GIB,
    maxAgeSeconds: 2 * DAY,
    server: 'cluster',
    maxPerSubject: 20_000,
    dropsRepeats: true,
  },
  {
    name: 'ACKS',
    subjects: ['ack.*.*.*'],
    retention: 'last',
    maxBytes: GIB,
    maxAgeSeconds: DAY,
    server: 'both',
    maxMessageBytes: 2 * MIB,
    dropsRepeats: false,
  },
  {
    name: 'DEAD_LETTERS',
    subjects: ['dead.*.>'],
    retention: 'limits',
    maxBytes: GIB,
    maxAgeSeconds: 30 * DAY,
    server: 'both',
    maxPerSubject: 10_000,
    dropsRepeats: true,
  },
];
