/** What the control plane asks of this cluster (explain): one question, one answer, on subjects of their own. */
import type { Bus, Subscription } from '@ringfence/bus';
import { ClusterQuestion, subjects } from '@ringfence/contracts';
import type { ClusterAnswer } from '@ringfence/contracts';

/** A question that cannot be read is left alone: the bus counts it, and the asker has a deadline. */
export function answerQuestions(
  bus: Bus,
  cluster: string,
  answer: (question: ClusterQuestion) => ClusterAnswer,
): Subscription {
  return bus.subscribe(subjects.questions(cluster), ({ subject, payload }) => {
    const token = subject.split('.')[2] ?? '';
    bus.send(subjects.answer(cluster, token), answer(ClusterQuestion.parse(payload)));
  });
}
