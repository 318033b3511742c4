/**
 * `workloads/bulk_import`: labels of many workloads out of a CSV file, all of it or nothing. With `dry_run` it only says what would
 * change; with `create_labels` values that are new become labels.
 */
import { CallError } from '@ringfence/bus';
import { WorkloadsBulkImport } from '@ringfence/contracts';
import type { ObjectChange, ResourceRequest, ResourceResponse } from '@ringfence/contracts';
import { forbidden, invalid, isTrue, only, orgHref, parsed } from '@ringfence/resources';
import { parseCsv } from '../../domain/csv.js';
import { isFormula, planImport } from '../../domain/label-import.js';
import type { Change, LabelledHost } from '../../domain/label-import.js';
import { workloads } from '../../read/inventory-documents.js';
import { labelled } from '../../read/labelled.js';
import type { KnownLabel } from '../../read/labelled.js';
import { fulfilTelling } from './told-changes.js';
import { changing } from './workload-changes.js';
import type { WorkloadParts } from './workloads.resource.js';

/** As in any bulk call; beside them the line of names. */
const MOST_ROWS = 1_000;
/** More than this is noise to whoever reads the answer. */
const PROBLEMS_SHOWN = 100;

export const importLabels = (parts: WorkloadParts, request: ResourceRequest): Promise<ResourceResponse> =>
  parts.oneAtATime(async () => {
    const { query, actor, body } = request;
    const known = labelIds(await labelled.all(parts.store.entities, 'label'));
    const { changes, unchanged } = await planned(
      parts,
      parsed(WorkloadsBulkImport, body),
      query['delete_token'],
    );
    const wanted = newLabels(changes, known);
    if (wanted.length > 0 && !isTrue(query['create_labels'] ?? ''))
      refuse(
        wanted.map(
          ({ line, key, value }) =>
            `line ${line}: there is no label ${key} "${value}": say create_labels=true`,
        ),
      );
    const formulas = wanted.filter(({ value }) => isFormula(value));
    if (formulas.length > 0)
      refuse(
        formulas.map(
          ({ line, key, value }) =>
            `line ${line}: ${key}: "${value.slice(0, 60)}" is a formula to a spreadsheet: no label is made of it`,
        ),
      );
    await refuseOutside(parts, request, changes, { known, wanted });
    const isDry = isTrue(query['dry_run'] ?? '');
    let told: readonly ObjectChange[] = [];
    if (!isDry) {
      const made = await parts.labelOwner.make(wanted, actor);
      for (const [index, { key, value }] of wanted.entries())
        known.set(nameOf(key, value), made[index] ?? '');
      told = await write(parts, request, changes, known);
    }
    const shown = changes.map(({ id, line: _, ...change }) => ({
      href: orgHref(`workloads/${id}`),
      ...change,
    }));
    return {
      body: {
        dry_run: isDry,
        changes: shown,
        unchanged_count: unchanged,
        created_labels: wanted.map(({ key, value }) => ({ key, value })),
      },
      changes: [...told],
    };
  });

async function planned({ store, labelOwner }: WorkloadParts, text: string, deleteToken: string | undefined) {
  const parsedText = parseCsv(text);
  if ('wrongAt' in parsedText)
    throw invalid(
      `body: line ${parsedText.wrongAt}: it is no CSV: a quote, or half a line end, stands where none may`,
    );
  const { rows } = parsedText;
  const tooMany = rows[MOST_ROWS + 1];
  if (tooMany !== undefined)
    throw invalid(`body: line ${tooMany.line}: a file may have ${MOST_ROWS} workloads, this one has more`);
  const labels = await labelled.all(store.entities, 'label');
  const hosts = (await workloads.live(store.entities)).map(({ body }): LabelledHost => {
    const own = body.labels.flatMap((id) => labels.get(id) ?? []);
    return { ...body, labels: new Map(own.map(({ key, value }) => [key, value])) };
  });
  const plan = planImport(rows, { hosts, types: await labelOwner.types(), deleteToken });
  if (plan.problems.length > 0) refuse(plan.problems);
  return plan;
}

function refuse(problems: readonly string[]): never {
  const errors = problems.slice(0, PROBLEMS_SHOWN);
  throw new CallError(
    'INVALID_ARGUMENT',
    errors.map((message) => ({ token: 'input_validation_error', message })),
  );
}

const nameOf = (key: string, value: string): string => JSON.stringify([key, value]);

const labelIds = (labels: ReadonlyMap<string, KnownLabel>): Map<string, string> =>
  new Map([...labels.values()].map(({ id, key, value }) => [nameOf(key, value), id]));

function newLabels(changes: readonly Change[], known: ReadonlyMap<string, string>) {
  const wanted = changes.flatMap(({ line, labels }) =>
    labels.flatMap(({ key, after }) =>
      after === null || known.has(nameOf(key, after)) ? [] : [{ line, key, value: after }],
    ),
  );
  return [...new Map(wanted.map((each) => [nameOf(each.key, each.value), each])).values()];
}

/** Said of all lines at once, also where it is only asked what would change; and who may not make labels makes none this way. */
async function refuseOutside(
  parts: WorkloadParts,
  { within }: ResourceRequest,
  changes: readonly Change[],
  { known, wanted }: { readonly known: ReadonlyMap<string, string>; readonly wanted: readonly unknown[] },
): Promise<void> {
  if (within === undefined) return;
  if (wanted.length > 0) throw forbidden('create_labels: your roles are not for making labels');
  const reach = await parts.reachOf({ within });
  const outside = (await relabelled(parts, changes, known)).filter(({ before, after }) =>
    [before, after].some((labels) => reach.refuse(labels) !== null),
  );
  if (outside.length === 0) return;
  const errors = outside.slice(0, PROBLEMS_SHOWN).map(({ id }) => ({
    token: 'forbidden_error',
    message: `${orgHref(`workloads/${id}`)} does not lie within your scope, or would not with these labels`,
  }));
  throw new CallError('PERMISSION_DENIED', errors);
}

interface Relabelled {
  readonly id: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

async function relabelled(
  parts: WorkloadParts,
  changes: readonly Change[],
  ids: ReadonlyMap<string, string>,
): Promise<Relabelled[]> {
  const all = new Map((await workloads.live(parts.store.entities)).map(({ id, body }) => [id, body.labels]));
  const keys = new Map(
    [...(await labelled.all(parts.store.entities, 'label')).values()].map(({ id, key }) => [id, key]),
  );
  return changes.map(({ id, labels }) => {
    const changed = new Set<string | undefined>(labels.map(({ key }) => key));
    const before = all.get(id) ?? [];
    const kept = before.filter((label) => !changed.has(keys.get(label)));
    const given = labels.flatMap(({ key, after }) =>
      after === null ? [] : (ids.get(nameOf(key, after)) ?? []),
    );
    return { id, before, after: [...kept, ...given] };
  });
}

async function write(
  parts: WorkloadParts,
  request: ResourceRequest,
  changes: readonly Change[],
  ids: ReadonlyMap<string, string>,
): Promise<ObjectChange[]> {
  const wishes = (await relabelled(parts, changes, ids)).map(({ id, after }) =>
    changing(id, { labels: after.map((label) => ({ href: orgHref(`labels/${label}`) })) }),
  );
  const { outcomes, changes: told } = await fulfilTelling(parts, request, wishes, { by: 'csv' });
  for (const outcome of outcomes) only([outcome]);
  return told;
}
