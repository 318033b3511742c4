/** Explain, asked of the cluster itself: bounded in time and number, and counted by what came of it. */
import { askCluster, unanswered } from '@ringfence/bus';
import type { Bus, Unanswered } from '@ringfence/bus';
import { ClusterAnswer } from '@ringfence/contracts';
import type { ClusterQuestion } from '@ringfence/contracts';
import type { Metrics } from '@ringfence/service-host';

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
    if (this.underWay >= MOST_UNDER_WAY)
      return unanswered(`${MOST_UNDER_WAY} questions are under way already`);
    this.underWay += 1;
    const read = (payload: unknown): ClusterAnswer | undefined => ClusterAnswer.safeParse(payload).data;
    try {
      return await askCluster(this.bus, { cluster, question, read, deadlineMs: DEADLINE_MS });
    } finally {
      this.underWay -= 1;
    }
  }
}
