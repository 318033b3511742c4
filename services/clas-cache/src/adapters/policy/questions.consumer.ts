/** What the control plane asks of this cluster (explain, support reports): one question, one answer, on subjects of their own. */
import type { Bus, Subscription } from '@ringfence/bus';
import { ClusterQuestion, subjects, SupportQuestion } from '@ringfence/contracts';
import type { ClusterAnswer, SupportAnswer } from '@ringfence/contracts';

export interface Answers {
  readonly explain: (question: ClusterQuestion) => ClusterAnswer;
  readonly report: (question: SupportQuestion) => SupportAnswer;
}

const Question = SupportQuestion.or(ClusterQuestion);

/** A question that cannot be read is left alone: the bus counts it, and the asker has a deadline. */
export function answerQuestions(bus: Bus, cluster: string, { explain, report }: Answers): Subscription {
  return bus.subscribe(subjects.questions(cluster), ({ subject, payload }) => {
    const token = subject.split('.')[2] ?? '';
    const question = Question.parse(payload);
    const answer = 'supportReportOf' in question ? report(question) : explain(question);
    bus.send(subjects.answer(cluster, token), answer);
  });
}
