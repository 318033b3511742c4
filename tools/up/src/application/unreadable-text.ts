/** What need not be read to be refused, and what no cluster takes for its size. Pure. */

/** What etcd takes in one request, unless somebody set it to more. */
const LARGEST_OBJECT = 1.5 * 1024 * 1024;
export const TOO_LARGE = 'is larger than the 1.5 MiB that a cluster keeps of one object: make several of it';
const DOCUMENT_START = /^(?=---(?:\s|$))/m;
const LIST = /^\s*["']?kind["']?:\s*["']?\w*List\b|"kind":\s*"\w*List"/m;

/** `line`, and why; null: it may be read. Garbage of megabytes would keep the parser for minutes. */
export function unreadable(text: string): string | null {
  if (text.includes('\0'))
    return "1 is no text in UTF-8: is it a binary, or made by a PowerShell's > (which writes UTF-16)?";
  if (text.length <= LARGEST_OBJECT) return null;
  let line = 1;
  for (const document of text.split(DOCUMENT_START)) {
    if (document.length > LARGEST_OBJECT && !LIST.test(document)) return `${String(line)} ${TOO_LARGE}`;
    line += document.split('\n').length - 1;
  }
  return null;
}

/** With what its anchors stand for written out; one that holds itself has no end. */
export function isTooLarge(object: unknown): boolean {
  const rest: unknown[] = [object];
  let size = 0;
  for (let part = rest.pop(); part !== undefined && size <= LARGEST_OBJECT; part = rest.pop()) {
    size += typeof part === 'string' ? part.length : 1;
    if (typeof part !== 'object' || part === null) continue;
    for (const [key, value] of Object.entries(part)) {
      size += key.length;
      if (value !== undefined) rest.push(value);
    }
  }
  return size > LARGEST_OBJECT;
}
