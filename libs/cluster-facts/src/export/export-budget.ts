/**
 * What one export may cost. Whoever reads may ask for one, of every rule in a thousand namespaces, and what is asked for multiplies: it ends
 * where that is too much, before the process that answers has no time or memory for anything else.
 */
const MOST_STEPS = 2_000_000;
/** Of manifests, and of words about what they do not say. */
const MOST_CHARACTERS = 8_000_000;

export class ExportBudget {
  private steps = MOST_STEPS;
  private characters = MOST_CHARACTERS;

  get isSpent(): boolean {
    return this.steps < 0 || this.characters < 0;
  }

  /** Each a comparison, or so. */
  look(steps: number): void {
    this.steps -= steps;
  }

  write(characters: number): void {
    this.characters -= characters;
  }
}
