import { type CiCase, type CiLog, runnerBegins, runnerEnds } from './ci-log.ts'

/** Builds that end without what they should have built. */

const MODULES = ['cart', 'checkout', 'orders', 'payment', 'stock', 'users', 'search', 'mail', 'tax']

export const gradle: CiCase = (log, fails) => {
  log.stamp = 'iso'
  log.say(
    '',
    'Welcome to Gradle 9.2.1!',
    '',
    'Starting a Gradle Daemon (subsequent builds will be faster)',
  )
  if (fails)
    log.say(
      '> Configure project :',
      'Calculating task graph as no cached configuration is available for tasks: build',
    )
  for (const module of MODULES) {
    for (const task of ['processResources', 'compileKotlin', 'compileJava', 'classes', 'jar']) {
      if (fails && module === 'payment' && task === 'compileKotlin') {
        log.say('> Task :payment:compileKotlin FAILED')
        log.say(
          "w: file:///builds/shop/payment/src/main/kotlin/com/shop/Card.kt:12:9 Variable 'issuer' is never used.",
        )
        log.cry(
          "e: file:///builds/shop/payment/src/main/kotlin/com/shop/Ledger.kt:48:31 Unresolved reference 'amountInCents'.",
        )
        continue
      }
      if (fails && module === 'payment' && ['compileJava', 'classes', 'jar'].includes(task))
        continue
      log.say(
        `> Task :${module}:${task}${log.one(['', '', ' UP-TO-DATE', ' FROM-CACHE', ' NO-SOURCE'])}`,
      )
      if (task === 'compileKotlin' && log.chance(0.6))
        log.say(
          `w: file:///builds/shop/${module}/src/main/kotlin/com/shop/Old.kt:${log.whole(1, 90)}:${log.whole(1, 40)} 'fun price(): Int' is deprecated. Use amount() instead.`,
        )
    }
  }
  if (fails) {
    log.say(
      '',
      'FAILURE: Build failed with an exception.',
      '',
      '* What went wrong:',
      "Execution failed for task ':payment:compileKotlin'.",
      '> A failure occurred while executing org.jetbrains.kotlin.compilerRunner.GradleCompilerRunnerWithWorkers$GradleKotlinCompilerWorkAction',
      '   > Compilation error. See log for more details',
      '',
      '* Try:',
      '> Run with --stacktrace option to get the stack trace.',
      '> Run with --info or --debug option to get more log output.',
      '> Get more help at https://help.gradle.org.',
      '',
    )
  }
  log.say(
    `BUILD ${fails ? 'FAILED' : 'SUCCESSFUL'} in ${log.whole(20, 59)}s`,
    `${log.whole(30, 45)} actionable tasks: ${log.whole(10, 30)} executed, ${log.whole(1, 9)} from cache`,
  )
}

const CRATES = [
  'serde v1.0.228',
  'tokio v1.48.0',
  'hyper v1.8.1',
  'bytes v1.11.0',
  'tracing v0.1.43',
  'syn v2.0.111',
  'quote v1.0.42',
  'libc v0.2.178',
  'rand v0.9.2',
  'log v0.4.29',
]

export const cargo: CiCase = (log, fails) => {
  log.say('    Updating crates.io index', '  Downloading crates ...')
  for (const crate of log.shuffled(fails ? [...CRATES, 'itoa v1.0.15', 'ryu v1.0.20'] : CRATES))
    log.say(`  Downloaded ${crate}`)
  for (const crate of log.shuffled(fails ? [...CRATES, 'itoa v1.0.15', 'ryu v1.0.20'] : CRATES))
    log.say(`   Compiling ${crate}`)
  log.say(
    '   Compiling shop-core v0.8.2 (/builds/shop/core)',
    'warning: unused variable: `tax`',
    '  --> core/src/cart.rs:31:9',
    '   |',
    '31 |     let tax = rate * total;',
    '   |         ^^^ help: if this is intentional, prefix it with an underscore: `_tax`',
    '   |',
    '   = note: `#[warn(unused_variables)]` on by default',
    '',
    'warning: `shop-core` (lib) generated 1 warning',
    '   Compiling shop-api v0.8.2 (/builds/shop/api)',
  )
  if (!fails) {
    log.say(`    Finished \`release\` profile [optimized] target(s) in ${log.decimal(20, 59)}s`)
    return
  }
  log.cry('error[E0308]: mismatched types')
  log.say(
    '  --> api/src/orders.rs:77:24',
    '   |',
    '75 |     let order = Order {',
    '   |                 ----- arguments to this struct are incorrect',
    '76 |         id,',
    '77 |         total: cart.total(),',
    '   |                ^^^^^^^^^^^^ expected `u64`, found `Option<u64>`',
    '   |',
    '   = note: expected type `u64`',
    '              found enum `Option<u64>`',
    'help: consider using `Option::expect` to unwrap the `Option<u64>` value, panicking if the value is an `Option::None`',
    '   |',
    '77 |         total: cart.total().expect("REASON"),',
    '   |                            +++++++++++++++++',
    '',
    'For more information about this error, try `rustc --explain E0308`.',
  )
  log.say(
    'error: could not compile `shop-api` (bin "shop-api") due to 1 previous error',
    'warning: build failed, waiting for other jobs to finish...',
  )
}

export const npmInstall: CiCase = (log, fails) => {
  log.say(
    '$ npm ci',
    'npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory. Do not use it.',
    'npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported',
    'npm warn deprecated rimraf@3.0.2: Rimraf versions prior to v4 are no longer supported',
  )
  for (let i = log.whole(1, 2); i > 0; i--)
    log.say(
      `npm http fetch GET https://registry.npmjs.org/@types%2fnode attempt ${i} failed with ECONNRESET`,
    )
  for (const module of log.shuffled([...MODULES, 'react', 'vite', 'lodash', 'zod']))
    log.say(
      `npm http fetch GET 200 https://registry.npmjs.org/${module} ${log.whole(20, 900)}ms (cache ${log.one(['miss', 'hit', 'revalidated'])})`,
    )
  if (fails) {
    log.say(
      'npm warn deprecated sourcemap-codec@1.4.8: Please use @jridgewell/sourcemap-codec instead',
      'npm http fetch GET https://npm.shop.internal/@shop%2fui attempt 1 failed with ECONNREFUSED',
      'npm http fetch GET https://npm.shop.internal/@shop%2fui attempt 2 failed with ECONNREFUSED',
      'npm error code ECONNREFUSED',
      'npm error syscall connect',
      'npm error errno ECONNREFUSED',
    )
    log.cry(
      'npm error FetchError: request to https://npm.shop.internal/@shop%2fui failed, reason: connect ECONNREFUSED 10.4.7.12:443',
    )
    log.say(
      'npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/node_modules/minipass-fetch/lib/index.js:130:14)',
      'npm error     at ClientRequest.emit (node:events:520:28)',
      'npm error If you are behind a proxy, please make sure that the',
      "npm error 'proxy' config is set properly.  See: 'npm help config'",
      `npm error A complete log of this run can be found in: /root/.npm/_logs/2026-11-29T0${log.whole(1, 9)}_${log.whole(10, 59)}_${log.whole(10, 59)}_${log.whole(100, 999)}Z-debug-0.log`,
    )
    return
  }
  log.say(
    '',
    `added 412 packages, and audited 413 packages in ${log.whole(8, 30)}s`,
    '',
    '61 packages are looking for funding',
    '  run `npm fund` for details',
    '',
    'found 0 vulnerabilities',
    '$ npm run build',
    'vite v7.2.4 building for production...',
    `✓ ${log.whole(900, 990)} modules transformed.`,
    `✓ built in ${log.decimal(2, 9)}s`,
  )
}

export const dockerBuild: CiCase = (log, fails) => {
  runnerBegins(log, 'docker/build-push-action@v6')
  log.say(
    `#0 building with "builder-${log.hex(8)}" instance using docker-container driver`,
    '',
    '#1 [internal] load build definition from Dockerfile',
    `#1 transferring dockerfile: ${log.whole(1, 3)}.${log.whole(10, 99)}kB done`,
    `#1 DONE 0.${log.whole(0, 9)}s`,
  )
  for (let step = 2; step < 9; step++) {
    log.say(
      `#${step} [stage-0 ${step - 1}/9] ${log.one(['COPY package.json .', 'WORKDIR /srv', 'ENV NODE_ENV=production'])}`,
      log.chance(0.5) ? `#${step} CACHED` : `#${step} DONE ${log.decimal(0, 3, 1)}s`,
    )
  }
  log.say(
    '#9 [stage-0 8/9] RUN npm ci',
    `#9 ${log.decimal(1, 2, 3)} npm warn deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported`,
    `#9 ${log.decimal(6, 9, 3)} added 214 packages in ${log.whole(4, 9)}s`,
    `#9 DONE ${log.decimal(6, 9, 1)}s`,
    '#10 [stage-0 9/9] RUN npm run build',
    `#10 0.${log.whole(100, 999)} > shop-web@1.9.0 build`,
    `#10 0.${log.whole(100, 999)} > webpack --mode production`,
  )
  for (const module of log.shuffled(MODULES))
    log.say(
      `#10 ${log.decimal(3, 9, 3)} asset ${module}.${log.hex(20)}.js ${log.whole(10, 90)} KiB [emitted] [immutable] [minimized] (name: ${module})`,
    )
  if (fails) {
    log.say(
      `#10 ${log.decimal(9, 10, 3)} asset vendor.${log.hex(20)}.js ${log.whole(100, 200)} KiB [emitted] [immutable] [minimized] (name: vendor)`,
      `#10 ${log.decimal(9, 10, 3)} ERROR in ./src/cart/total.ts 3:0-41`,
    )
    log.cry(
      `#10 ${log.decimal(9, 10, 3)} Module not found: Error: Can't resolve '@shop/money' in '/srv/src/cart'`,
    )
    log.say(
      `#10 ${log.decimal(9, 10, 3)} resolve '@shop/money' in '/srv/src/cart'`,
      `#10 ${log.decimal(9, 10, 3)}   Parsed request is a module`,
      `#10 ${log.decimal(9, 10, 3)}   using description file: /srv/package.json (relative path: ./src/cart)`,
      `#10 ${log.decimal(9, 10, 3)} webpack 5.103.0 compiled with 1 error in ${log.whole(7000, 9000)} ms`,
    )
    log.say(
      '#10 ERROR: process "/bin/sh -c npm run build" did not complete successfully: exit code: 1',
      '------',
      ' > [stage-0 9/9] RUN npm run build:',
      '------',
      'Dockerfile:19',
      '--------------------',
      '  17 |     RUN npm ci',
      '  18 |     COPY . .',
      '  19 | >>> RUN npm run build',
      '--------------------',
      'ERROR: failed to build: failed to solve: process "/bin/sh -c npm run build" did not complete successfully: exit code: 1',
    )
    log.say(
      '##[error]buildx failed with: ERROR: failed to build: failed to solve: process "/bin/sh -c npm run build" did not complete successfully: exit code: 1',
    )
  } else
    log.say(
      `#10 ${log.decimal(9, 10, 3)} webpack 5.103.0 compiled successfully in ${log.whole(7000, 9000)} ms`,
      `#10 DONE ${log.decimal(9, 10, 1)}s`,
      '#11 exporting to image',
      `#11 exporting layers ${log.decimal(1, 3, 1)}s done`,
      `#11 writing image sha256:${log.hex(64)} done`,
    )
  runnerEnds(log, fails ? 1 : 0)
}

export const makeGcc: CiCase = (log, fails) => {
  log.stamp = 'clock'
  log.say(
    '-- The C compiler identification is GNU 14.2.0',
    '-- Detecting C compiler ABI info - done',
    '-- Looking for pthread.h - found',
    '-- Looking for sys/epoll.h - not found',
    `-- Configuring done (${log.decimal(0, 2, 1)}s)`,
    'make -j8',
  )
  const files = MODULES.flatMap((module) =>
    ['main', 'parse', 'error', 'store'].map((part) => `${module}_${part}`),
  )
  log.shuffled(files).forEach((file, i) => {
    log.say(
      `[${String(Math.floor((100 * i) / files.length)).padStart(3)}%] Building C object src/CMakeFiles/shop.dir/${file}.c.o`,
    )
    if (file.endsWith('_parse') && log.chance(0.5))
      log.say(
        `src/${file}.c:${log.whole(20, 300)}:${log.whole(3, 40)}: warning: comparison of integer expressions of different signedness: 'int' and 'size_t' [-Wsign-compare]`,
      )
    if (fails && file === 'stock_store') {
      log.say("src/stock_store.c: In function 'stock_flush':")
      log.cry(
        "src/stock_store.c:112:17: error: 'STOCK_DIRTY' undeclared (first use in this function); did you mean 'STOCK_READY'?",
      )
      log.say(
        '  112 |   if (s->flags & STOCK_DIRTY) {',
        '      |                 ^~~~~~~~~~~',
        '      |                 STOCK_READY',
        'src/stock_store.c:112:17: note: each undeclared identifier is reported only once for each function it appears in',
        'make[2]: *** [src/CMakeFiles/shop.dir/build.make:202: src/CMakeFiles/shop.dir/stock_store.c.o] Error 1',
        'make[2]: *** Waiting for unfinished jobs....',
      )
    }
  })
  if (fails)
    log.say(
      'make[1]: *** [CMakeFiles/Makefile2:88: src/CMakeFiles/shop.dir/all] Error 2',
      'make: *** [Makefile:136: all] Error 2',
    )
  else log.say('[100%] Linking C executable shop', '[100%] Built target shop')
}

export const tsc: CiCase = (log, fails) => {
  runnerBegins(log, 'actions/setup-node@v4')
  log.say('##[group]Run npm run build --workspaces', `Restored cache from key: node-${log.hex(16)}`)
  if (fails)
    log.say(
      'npm notice',
      'npm notice New major version of npm available! 10.9.2 -> 11.6.4',
      'npm notice Changelog: https://github.com/npm/cli/releases/tag/v11.6.4',
      'npm notice',
    )
  for (const module of MODULES) {
    log.say('', `> @shop/${module}@3.1.0 build`, '> tsc --build', '')
    if (fails && module === 'tax') {
      log.cry(
        `src/rates.ts(28,13): error TS2345: Argument of type 'string | undefined' is not assignable to parameter of type 'string'.`,
      )
      log.say(
        "  Type 'undefined' is not assignable to type 'string'.",
        'npm error Lifecycle script `build` failed with error:',
        'npm error code 2',
        'npm error path /home/runner/work/shop/shop/packages/tax',
        'npm error workspace @shop/tax@3.1.0',
        'npm error location /home/runner/work/shop/shop/packages/tax',
        'npm error command failed',
        'npm error command sh -c tsc --build',
      )
    }
  }
  runnerEnds(log, fails ? 2 : 0)
}

function eslintFile(log: CiLog, file: string, lines: readonly string[]): void {
  log.say(`/builds/shop/web/src/${file}.ts`, ...lines, '')
}

export const eslint: CiCase = (log, fails) => {
  log.say('$ eslint . --max-warnings 40', '')
  let warnings = 0
  for (const module of MODULES) {
    const lines: string[] = []
    for (let i = log.whole(0, 3); i > 0; i--)
      lines.push(
        `  ${String(log.whole(1, 300)).padStart(4)}:${log.whole(1, 40)}  warning  ${log.one(['Unexpected any. Specify a different type      @typescript-eslint/no-explicit-any', 'Unexpected console statement                    no-console', 'Missing return type on function                 @typescript-eslint/explicit-function-return-type'])}`,
      )
    warnings += lines.length
    if (fails && module === 'checkout') {
      lines.push(
        '   58:12  error    Promises must be awaited, end with a call to .catch, or be explicitly marked as ignored with the `void` operator  @typescript-eslint/no-floating-promises',
      )
    }
    if (lines.length === 0) continue
    const before = log.lines.length
    eslintFile(log, `${module}/index`, lines)
    if (fails && module === 'checkout') log.wanted.push(before + 1 + lines.length)
  }
  if (fails)
    log.say(
      `✖ ${warnings + 1} problems (1 error, ${warnings} warnings)`,
      '',
      'error Command failed with exit code 1.',
    )
  else log.say(`✖ ${warnings} problems (0 errors, ${warnings} warnings)`, '')
  log.say(`info Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.`)
}

export const dotnet: CiCase = (log, fails) => {
  log.say('  Determining projects to restore...')
  for (const module of MODULES)
    log.say(`  Restored /builds/shop/${module}/${module}.csproj (in ${log.whole(100, 900)} ms).`)
  for (const module of log.shuffled(MODULES)) {
    if (log.chance(0.5))
      log.say(
        `/builds/shop/${module}/Program.cs(${log.whole(1, 99)},${log.whole(1, 40)}): warning CS8618: Non-nullable property 'Name' must contain a non-null value when exiting constructor. Consider adding the 'required' modifier. [/builds/shop/${module}/${module}.csproj]`,
      )
    if (fails && module === 'users')
      log.cry(
        "/builds/shop/users/Store.cs(71,30): error CS1061: 'User' does not contain a definition for 'Adress' and no accessible extension method 'Adress' accepting a first argument of type 'User' could be found [/builds/shop/users/users.csproj]",
      )
    else log.say(`  ${module} -> /builds/shop/${module}/bin/Release/net10.0/${module}.dll`)
  }
  log.say('')
  log.say(
    fails ? 'Build FAILED.' : 'Build succeeded.',
    '',
    `    ${log.whole(2, 6)} Warning(s)`,
    `    ${fails ? 1 : 0} Error(s)`,
    '',
    `Time Elapsed 00:00:${log.decimal(10, 50)}`,
  )
}

export const webpackKilled: CiCase = (log, fails) => {
  runnerBegins(log, 'actions/setup-node@v4')
  log.say(
    '##[group]Run npm run bundle',
    '> shop-web@1.9.0 bundle',
    '> webpack --mode production',
    '##[endgroup]',
  )
  for (let percent = 0; percent < (fails ? 70 : 100); percent += log.whole(1, 3))
    log.say(
      `<s> [webpack.Progress] ${percent}% building ${log.whole(100, 900)}/${log.whole(900, 999)} modules ${log.whole(1, 9)} active`,
    )
  if (fails) {
    log.cry('Killed')
    log.say('npm error Lifecycle script `bundle` failed with error:')
    log.cry('npm error code 137')
    log.say('npm error path /home/runner/work/shop/shop')
  } else
    log.say(
      `asset main.${log.hex(20)}.js ${log.decimal(1, 2)} MiB [emitted] [immutable] [minimized] (name: main)`,
      `webpack 5.103.0 compiled successfully in ${log.whole(70000, 90000)} ms`,
    )
  runnerEnds(log, fails ? 137 : 0)
}
