// The npm package on one problem: node npm-k-medoids.cjs FOLDER FILE N P K, prints JSON. It gives clusters
// without their medoids: the best of each is looked for here, outside its time.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

const [folder, file, ...numbers] = process.argv.slice(2)
const [n, p, k] = numbers.map(Number)
const { Clusterer } = require(join(folder, 'node_modules/k-medoids'))
const bytes = readFileSync(file)
const values = new Float32Array(bytes.buffer, bytes.byteOffset, n * p)
const rows = Array.from({ length: n }, (_, i) => [...values.subarray(i * p, (i + 1) * p)])
const before = process.cpuUsage()
const clusters = Clusterer.getInstance(rows, k).getClusteredData()
const { user, system } = process.cpuUsage(before)
const distance = (a, b) => Math.hypot(...a.map((x, j) => x - b[j]))
let loss = 0
for (const members of clusters) {
  const sums = members.map((m) => members.reduce((sum, o) => sum + distance(m, o), 0))
  loss += Math.min(...sums)
}
console.log(JSON.stringify({ distances_s: 0, search_s: (user + system) / 1e6, loss }))
