import { OTHER_TEXT, Vocabulary } from '../../otlp/vocabulary.ts'

/** Keeps no text, so that a check neither grows nor spends time on remembering. */
export class NoTexts extends Vocabulary {
  constructor() {
    super(2)
  }

  override intern(): number {
    return OTHER_TEXT
  }

  override internBytes(): number {
    return OTHER_TEXT
  }
}
