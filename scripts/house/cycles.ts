/**
 * The circles in a graph of imports: each a set of files that reach one another (Tarjan's strongly
 * connected components, 1972), in alphabetical order; a file that imports itself is one too.
 */
export function cyclesIn(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = []
  const order = new Map<string, number>()
  const stack: string[] = []
  const visit = (file: string): number => {
    const own = order.size
    let low = own
    order.set(file, own)
    stack.push(file)
    const targets = imports.get(file) ?? []
    for (const target of targets) {
      if (!imports.has(target)) continue
      // A file whose circle is complete has left the stack, and says nothing about this one.
      if (!order.has(target)) low = Math.min(low, visit(target))
      else if (stack.includes(target)) low = Math.min(low, order.get(target) ?? low)
    }
    if (low === own) {
      const circle = stack.splice(stack.indexOf(file))
      if (circle.length > 1 || targets.includes(file)) cycles.push(circle.sort())
    }
    return low
  }
  for (const file of imports.keys()) if (!order.has(file)) visit(file)
  return cycles.sort()
}
