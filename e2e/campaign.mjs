/** `npm run campaign`: set up what is missing, then attack a stack of its own. Dependency-free until the set-up is done. */
import { SetupError, setUp } from '../tools/up/setup.mjs';

const args = process.argv.slice(2);
const helpOnly = args.includes('--help') || args.includes('-h');
try {
  await setUp({ root: !helpOnly, log: (what) => process.stdout.write(`… installing ${what}\n`) });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`ringfence: ${error.message}\n`);
  process.exit(1);
}
const { main } = await import('./dist/campaign/main.js');
await main(args);
