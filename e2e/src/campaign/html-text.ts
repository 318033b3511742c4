/** Text that may come from anywhere, made harmless in HTML. */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escaped(text: string | number): string {
  return String(text).replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
