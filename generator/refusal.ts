/** The generator cannot do what it was asked, and has written nothing. */
export class Refusal extends Error {
  /** What to do about it; it reads well after an arrow. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'Refusal';
    this.remedy = remedy;
  }
}
