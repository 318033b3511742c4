/** One kind as somebody follows it: `names` is what he believes to exist. */
import type { ApiClient } from '../api-client.js';
import { startListWatch } from '../list-watch.js';
import type { ListWatch, ListWatchOptions } from '../list-watch.js';

export interface FollowedKind {
  readonly watch: ListWatch;
  readonly log: { lists: number; changes: number; wentBack: number; gone: string[]; troubles: string[] };
  names(): string[];
}

export function followKind(client: ApiClient, path: string, options: ListWatchOptions = {}): FollowedKind {
  const names = new Map<string, string>();
  const log: FollowedKind['log'] = { lists: 0, changes: 0, wentBack: 0, gone: [], troubles: [] };
  const watch = startListWatch<string>(
    client,
    { path },
    {
      project: ({ metadata }) => metadata.name,
      changed: (uid, name) => {
        log.changes += 1;
        names.set(uid, name);
      },
      gone: (uid, name) => {
        log.gone.push(name);
        names.delete(uid);
      },
      listed: () => void (log.lists += 1),
      wentBack: () => void (log.wentBack += 1),
      refused: () => undefined,
      trouble: (error) => void log.troubles.push(String(error)),
    },
    options,
  );
  return { watch, log, names: () => [...names.values()].sort() };
}
