/**
 * Asks a cluster what only it knows. The answer comes on a subject that is listened to for this one question alone, of
 * the cluster that the server knows the sender to be: a cluster can lie about itself and about nobody else, and what was
 * not asked for is not even delivered.
 */
import { randomUUID } from 'node:crypto';
import type { Bus, Subscription } from '@ringfence/bus';
import { ClusterAnswer, subjects } from '@ringfence/contracts';
import type { ClusterQuestion } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';

/** In words: nobody answered, or nobody was asked. */
export interface Unanswered {
  readonly kind: 'unanswered';
  readonly message: string;
}

/** Below the deadline of the call that it answers, and enough for a cluster whose machine is busy. */
const DEADLINE_MS = 4_000;
const MOST_UNDER_WAY = 64;

export class ClusterQuestions {
  private underWay = 0;

  constructor(
    private readonly bus: Bus,
    private readonly metrics: Metrics,
  ) {}

  async ask(cluster: string, question: ClusterQuestion): Promise<ClusterAnswer | Unanswered> {
    const answer = await this.asked(cluster, question);
    this.metrics
      .counter('policy_compute_cluster_questions_total', 'Questions to clusters, by what came of them')
      .add(1, { outcome: answer.kind });
    return answer;
  }

  private async asked(cluster: string, question: ClusterQuestion): Promise<ClusterAnswer | Unanswered> {
    if (!this.bus.isConnected()) return unanswered('NATS is away');
    if (this.underWay >= MOST_UNDER_WAY)
      return unanswered(`${MOST_UNDER_WAY} questions are under way already`);
    this.underWay += 1;
    try {
      return await this.exchange(cluster, question);
    } finally {
      this.underWay -= 1;
    }
  }

  private exchange(cluster: string, question: ClusterQuestion): Promise<ClusterAnswer | Unanswered> {
    const token = randomUUID().replaceAll('-', '');
    let listening: Subscription | undefined;
    let deadline: NodeJS.Timeout | undefined;
    return new Promise<ClusterAnswer | Unanswered>((resolve) => {
      deadline = setTimeout(
        () => resolve(unanswered(`cluster ${cluster} did not answer within ${DEADLINE_MS / 1_000} s`)),
        DEADLINE_MS,
      );
      listening = this.bus.subscribe(subjects.answer(cluster, token), ({ payload }) => {
        const answer = ClusterAnswer.safeParse(payload);
        resolve(answer.success ? answer.data : unanswered(`cluster ${cluster} gave no readable answer`));
      });
      this.bus.send(subjects.question(cluster, token), question);
    }).finally(() => {
      clearTimeout(deadline);
      listening?.close();
    });
  }
}

const unanswered = (message: string): Unanswered => ({ kind: 'unanswered', message });
