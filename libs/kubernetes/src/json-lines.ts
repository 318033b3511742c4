/** A stream of bytes as JSON lines. A line that is not JSON, or longer than any object can be, is an error: what it said is lost. */
const LONGEST_LINE = 32 * 1024 * 1024;

export class CorruptLine extends Error {
  override readonly name = 'CorruptLine';
}

export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line.trim() !== '') yield parsed(line);
    }
    if (rest.length > LONGEST_LINE) throw new CorruptLine(`a line of more than ${LONGEST_LINE} characters`);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new CorruptLine('a line is not JSON', { cause: error });
  }
}
