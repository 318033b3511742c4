/** Who reads the answer may have read enough (`ringfence flows | head`): then there is nothing more to do, and nothing went wrong. */
export function endQuietlyWhenUnread(
  stream: NodeJS.WritableStream,
  exit: (code: number) => void = process.exit,
): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    exit(0);
  });
}
