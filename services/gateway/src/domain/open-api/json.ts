/** What is written as JSON. */
export type Json = Readonly<Record<string, unknown>>;
