/** One libnftables context. Its netlink socket belongs to the namespace in which this thread was when it was made. */
import koffi from 'koffi';
import { KernelError } from '../../port/kernel.port.js';

const nft = koffi.load('libnftables.so.1');
const newContext = nft.func('void *nft_ctx_new(uint32_t flags)');
const freeContext = nft.func('void nft_ctx_free(void *ctx)');
const bufferOutput = nft.func('int nft_ctx_buffer_output(void *ctx)');
const bufferError = nft.func('int nft_ctx_buffer_error(void *ctx)');
const outputBuffer = nft.func('const char *nft_ctx_get_output_buffer(void *ctx)');
const errorBuffer = nft.func('const char *nft_ctx_get_error_buffer(void *ctx)');
const setOutputFlags = nft.func('void nft_ctx_output_set_flags(void *ctx, unsigned int flags)');
const runBuffer = nft.func('int nft_run_cmd_from_buffer(void *ctx, const char *buffer)');

const STATELESS = 1 << 2;
const MOST_WORDS = 2_000;
/** A run that fails drops all rules and elements that the one before has read, a mebibyte or so; it costs microseconds. */
const NO_COMMAND = '?';

export class NftContext {
  private readonly context = newContext(0) as unknown;

  constructor() {
    bufferOutput(this.context);
    bufferError(this.context);
    setOutputFlags(this.context, STATELESS);
  }

  /** All commands in one transaction; what nft prints. */
  run(commands: string): string {
    const { hasFailed, output, error } = this.attempt(commands);
    if (hasFailed) throw refused(error);
    this.attempt(NO_COMMAND);
    return output;
  }

  private attempt(commands: string): { hasFailed: boolean; output: string; error: string } {
    const hasFailed = (runBuffer(this.context, commands) as number) !== 0;
    // Both must be read after every run: reading is what empties them.
    return {
      hasFailed,
      output: outputBuffer(this.context) as string,
      error: errorBuffer(this.context) as string,
    };
  }

  close(): void {
    freeContext(this.context);
  }
}

function refused(error: string): KernelError {
  const words = error.trim().slice(0, MOST_WORDS);
  return new KernelError('script_refused', words || 'nft refused the script without a word');
}
