/** A bounded amount of memory that many share: those that find no room wait in the order they came. */
export class ByteBudget {
  readonly limit: number
  #used = 0
  #waiting: { readonly bytes: number; readonly go: () => void }[] = []

  constructor(limit: number) {
    this.limit = limit
  }

  get used(): number {
    return this.#used
  }

  /** Takes the bytes if there is room now. */
  tryTake(bytes: number): boolean {
    if (this.#used + bytes > this.limit) return false
    this.#used += bytes
    return true
  }

  /** Resolves once there is room. What is larger than the whole budget gets it alone. */
  async take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#used += bytes
      return
    }
    await new Promise<void>((go) => this.#waiting.push({ bytes, go }))
  }

  give(bytes: number): void {
    this.#used -= bytes
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next.bytes)) return
      this.#waiting.shift()
      this.#used += next.bytes
      next.go()
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.limit
  }
}
