/** Where the compiled programs of this repository are. */
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** `services/inventory` → its compiled main. */
export function entryPoint(project: string): string {
  return join(ROOT, project, 'dist', 'main.js');
}
