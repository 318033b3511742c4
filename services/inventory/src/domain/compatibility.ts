/** Whether a node is fit for full enforcement, from what its agent says of itself. */
import type { CompatibilityReport, HostConnection } from '@ringfence/contracts';

export interface Examined {
  readonly isOnline: boolean;
  readonly errors: readonly { readonly token: string; readonly message: string }[];
  /** Null: it has not said. */
  readonly cutByFull: readonly HostConnection[] | null;
  readonly heardAt: Date | null;
}
type Test = CompatibilityReport['results']['qualify_tests'][number];

export function compatibility({ isOnline, errors, cutByFull, heardAt }: Examined): CompatibilityReport {
  const tests: Test[] = [
    { agent_is_heard: isOnline, status: isOnline ? 'green' : 'red' },
    ...errors.map(({ token, message }): Test => ({ [token]: message, status: 'red' })),
    cutByFull === null
      ? { connections_cut_by_full: 'its agent has not said yet', status: 'yellow' }
      : { connections_cut_by_full: cutByFull, status: cutByFull.length > 0 ? 'yellow' : 'green' },
  ];
  const worst = (['red', 'yellow'] as const).find((each) => tests.some(({ status }) => status === each));
  return {
    last_updated_at: heardAt?.toISOString() ?? null,
    qualify_status: worst ?? 'green',
    results: { qualify_tests: tests },
  };
}
