/** Where the labels of an end came from, as their owner recorded it, in the words of the API. Nothing is guessed. */
import type { EntityLabelsState, ExplainResponse, LabelOrigin } from '@ringfence/contracts';
import { refusalWords } from '@ringfence/labels';
import type { LabelFact } from './facts.js';
import { labelWords } from './rule-words.js';

type End = NonNullable<ExplainResponse['egress']>;
/** By entity. */
export type Labellings = ReadonlyMap<string, Pick<EntityLabelsState, 'origins' | 'refused'>>;

export function withOrigins(
  answer: ExplainResponse,
  known: Labellings,
  labels: ReadonlyMap<string, LabelFact>,
): ExplainResponse {
  const told = (end: End | null): End | null => end && toldOf(end, known, labels);
  return { ...answer, egress: told(answer.egress), ingress: told(answer.ingress) };
}

/** A cluster that has not heard yet what was recorded has other labels: of those nothing is said. */
function toldOf(end: End, known: Labellings, labels: ReadonlyMap<string, LabelFact>): End {
  const { origins = [], refused = [] } = known.get(end.workload ?? '') ?? {};
  const byWords = new Map(origins.map((origin) => [labelWords(origin.label, labels), origin]));
  return {
    ...end,
    origins: end.labels.map((label) => {
      const origin = byWords.get(label);
      return {
        label,
        by: origin?.by ?? null,
        from: origin === undefined ? NOT_RECORDED : originWords(origin),
      };
    }),
    refused: refused.map((each) => {
      const { annotation, value, reason } = each;
      return { annotation, value, reason, message: refusalWords(each) };
    }),
  };
}

const NOT_RECORDED = 'it is not recorded where from';

function originWords({ by, name = '' }: LabelOrigin): string {
  switch (by) {
    case 'profile':
      return 'fixed by the profile of its namespace';
    case 'template':
      return 'fixed by the profile of its namespace, as the template of the cluster has it';
    case 'annotation':
      return `annotation ${name}`;
    case 'label-map':
      return `label map of the cluster, from the Kubernetes label ${name}`;
    case 'pairing-profile':
      return `pairing profile ${name}`;
    case 'person':
      return `given by ${name}`;
    case 'csv':
      return `imported from a CSV file by ${name}`;
  }
}
