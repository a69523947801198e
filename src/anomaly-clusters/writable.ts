/** As its owner sees what others only read. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] }
