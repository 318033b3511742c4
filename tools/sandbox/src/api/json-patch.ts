/** JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386). Both return a new value and leave their input alone. */
import { copyOf, isEqual, isJsonObject } from './json.js';
import type { Json, JsonObject } from './json.js';
import { badRequest, StatusError } from './status-error.js';

export interface JsonPatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: Json;
}

export function applyJsonPatch(target: JsonObject, patch: readonly JsonPatchOperation[]): JsonObject {
  const root: { value: Json } = { value: copyOf(target) };
  for (const operation of patch) applyOperation(root, operation);
  if (!isJsonObject(root.value)) throw badRequest('the patch replaced the object by something else');
  return root.value;
}

type Operation = (root: { value: Json }, operation: JsonPatchOperation) => void;

const operations: Readonly<Record<string, Operation>> = {
  add: (root, { path, value = null }) => write(root, path, copyOf(value), 'add'),
  replace: (root, { path, value = null }) => {
    read(root, path);
    write(root, path, copyOf(value), 'replace');
  },
  remove: (root, { path }) => void take(root, path),
  move: (root, { path, from = '' }) => write(root, path, take(root, from), 'add'),
  copy: (root, { path, from = '' }) => write(root, path, copyOf(read(root, from)), 'add'),
  test: (root, { path, value }) => {
    if (!isEqual(read(root, path), value)) throw unprocessable(`testing value ${path} failed`);
  },
};

function applyOperation(root: { value: Json }, operation: JsonPatchOperation): void {
  const apply = operations[operation.op];
  if (apply === undefined) throw badRequest(`unexpected JSON patch operation: ${operation.op}`);
  apply(root, operation);
}

function keysOf(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw badRequest(`not a JSON pointer: ${pointer}`);
  return pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function unprocessable(why: string): StatusError {
  return new StatusError(
    422,
    'Invalid',
    `the server rejected our request due to an error in our request: ${why}`,
  );
}

function step(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return /^\d+$/.test(key) ? parent[Number(key)] : undefined;
  return isJsonObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function read(root: { value: Json }, pointer: string): Json {
  let value: Json | undefined = root.value;
  for (const key of keysOf(pointer)) value = step(value, key);
  if (value === undefined) throw unprocessable(`nothing at ${pointer}`);
  return value;
}

function parentOf(root: { value: Json }, pointer: string): { parent: Json; key: string } {
  const keys = keysOf(pointer);
  const key = keys.pop() as string;
  let parent: Json | undefined = root.value;
  for (const part of keys) parent = step(parent, part);
  if (parent === undefined) throw unprocessable(`nothing above ${pointer}`);
  return { parent, key };
}

function write(root: { value: Json }, pointer: string, value: Json, mode: 'add' | 'replace'): void {
  if (pointer === '') {
    root.value = value;
    return;
  }
  const { parent, key } = parentOf(root, pointer);
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > parent.length)
      throw unprocessable(`no such position: ${pointer}`);
    parent.splice(index, mode === 'replace' ? 1 : 0, value);
  } else if (isJsonObject(parent)) parent[key] = value;
  else throw unprocessable(`nothing can be put at ${pointer}`);
}

function take(root: { value: Json }, pointer: string): Json {
  const value = read(root, pointer);
  const { parent, key } = parentOf(root, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isJsonObject(parent)) delete parent[key];
  return value;
}

export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return copyOf(patch);
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = applyMergePatch(result[key], value);
  }
  return result;
}
