/**
 * What one tool's run over many projects means to each of them, as Nx wants to hear it. Nx keeps per project what passed; only
 * how it is run is shared.
 */
import { join } from 'node:path';

/** `work(roots)` answers, by root of a project, whether it passed and what to say of it. */
export async function inOneRun(taskGraph, work) {
  const tasks = Object.values(taskGraph.tasks);
  const startTime = Date.now();
  const outcomes = await work(tasks.map(({ projectRoot }) => projectRoot));
  const endTime = Date.now();
  // Nx keeps what is said of each to show it again, and shows of a batch what was printed.
  for (const { passed, said } of outcomes.values()) if (!passed) process.stdout.write(said);
  return Object.fromEntries(
    tasks.map(({ id, projectRoot }) => {
      const { passed, said } = outcomes.get(projectRoot) ?? {
        passed: false,
        said: 'nothing was heard of it',
      };
      return [id, { success: passed, terminalOutput: said, startTime, endTime }];
    }),
  );
}

/** Asked for one project, without a batch. */
export async function inItsOwnRun({ root, projectName, projectsConfigurations }, work) {
  const { root: projectRoot } = projectsConfigurations.projects[projectName];
  const { passed, said } = (await work([projectRoot], root)).get(projectRoot);
  process.stdout.write(said);
  return { success: passed };
}

/** The project's part of what lies at absolute paths. */
export function ofProject(root, projectRoot, entries, pathOf) {
  const folder = join(root, projectRoot, '/');
  return entries.filter((entry) => pathOf(entry).startsWith(folder));
}
