/** `npm start`: set up what is missing, then run the local stack. Dependency-free until the set-up is done. */
import { SetupError, setUp } from './setup.mjs';

const args = process.argv.slice(2);
const helpOnly = args.includes('--help') || args.includes('-h');
const startedAt = performance.now();
try {
  await setUp({
    root: !args.includes('--simulate') && !args.includes('--kubeconfig') && !helpOnly,
    log: (what) => process.stdout.write(`… installing ${what}\n`),
  });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`ringfence: ${error.message}\n`);
  process.exit(1);
}
if (!helpOnly)
  process.stdout.write(
    `✓ ${'Set-up: packages and build'.padEnd(52)} ${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s\n`,
  );
const { main } = await import('./dist/main.js');
await main(args);
