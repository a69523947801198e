import { type CiCase, type CiLog, runnerBegins, runnerEnds } from './ci-log.ts'

/** Test runs of several tools that end with a test that fails. */

const MODULES = ['cart', 'checkout', 'orders', 'payment', 'stock', 'users', 'search', 'mail', 'tax']
const VERBS = ['adds', 'removes', 'lists', 'rejects', 'rounds', 'keeps', 'sends', 'merges']

function pytestNames(): string[] {
  return MODULES.flatMap((module) =>
    VERBS.map((verb) => `tests/test_${module}.py::test_${verb}_${module}_lines`),
  )
}

export const pytest: CiCase = (log, fails) => {
  runnerBegins(log, 'actions/setup-python@v5')
  log.say('##[group]Run pip install -r requirements.txt')
  const wheels = ['pytest-8.4.2', 'requests-2.32.5', 'sqlalchemy-2.0.44', 'xdist-3.8.0']
  if (fails) wheels.push('rich-14.2.0')
  for (const name of wheels) {
    const [wheel = '', version = ''] = name.split('-')
    log.say(
      `Collecting ${wheel}==${version} (from -r requirements.txt (line ${log.whole(1, 20)}))`,
      `  Downloading ${wheel}-${version}-py3-none-any.whl (${log.whole(20, 900)} kB)`,
      `     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ ${log.decimal(0, 9, 1)}/${log.decimal(0, 9, 1)} MB ${log.decimal(10, 90, 1)} MB/s eta 0:00:00`,
    )
  }
  log.say(
    'WARNING: There was an error checking the latest version of pip.',
    '##[endgroup]',
    '##[group]Run pytest -n 4 -v',
    '============================= test session starts ==============================',
    'platform linux -- Python 3.13.1, pytest-8.4.2, pluggy-1.6.0 -- /opt/hostedtoolcache/Python/3.13.1/x64/bin/python',
    'cachedir: .pytest_cache',
    'rootdir: /home/runner/work/shop/shop',
    'created: 4/4 workers',
    `4 workers [${pytestNames().length} items]`,
    '',
    'scheduling tests via LoadScheduling',
  )
  const bad = 'tests/test_tax.py::test_rounds_tax_lines'
  const names = log.shuffled(pytestNames())
  names.forEach((name, i) => {
    const percent = String(Math.floor((100 * (i + 1)) / names.length)).padStart(3)
    const isBad = fails && name === bad
    log.say(`[gw${log.whole(0, 3)}] [${percent}%] ${isBad ? 'FAILED' : 'PASSED'} ${name} `)
  })
  if (fails) {
    log.say(
      '',
      '=================================== FAILURES ===================================',
      '_____________________________ test_rounds_tax_lines ____________________________',
      `[gw2] linux -- Python 3.13.1 /opt/hostedtoolcache/Python/3.13.1/x64/bin/python`,
      '',
      '    def test_rounds_tax_lines():',
      '        cart = Cart([Line("tea", Decimal("3.335"), 2)])',
      '>       assert tax_of(cart) == Decimal("1.27")',
    )
    log.cry("E       AssertionError: assert Decimal('1.26') == Decimal('1.27')")
    log.say(
      "E        +  where Decimal('1.26') = tax_of(Cart(lines=1))",
      '',
      'tests/test_tax.py:41: AssertionError',
    )
  }
  log.say(
    '=============================== warnings summary ===============================',
    'tests/test_mail.py::test_sends_mail_lines',
    '  /home/runner/work/shop/shop/src/mail.py:12: DeprecationWarning: datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version.',
    '    stamp = datetime.utcnow()',
    '',
    '-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html',
  )
  const seconds = log.decimal(11, 19)
  if (fails) {
    log.say('=========================== short test summary info ============================')
    log.cry(`FAILED ${bad} - AssertionError: assert Decimal('1.26') == Decimal('1.27')`)
    log.say(`=================== 1 failed, 71 passed, 1 warning in ${seconds}s ===================`)
  } else
    log.say(`======================== 72 passed, 1 warning in ${seconds}s ========================`)
  runnerEnds(log, fails ? 1 : 0)
}

export const jest: CiCase = (log, fails) => {
  log.say(
    '> shop@4.2.0 test',
    '> jest --ci',
    '',
    '(node:' +
      log.whole(2000, 9000) +
      ') [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.',
    '(Use `node --trace-deprecation ...` to show where the warning was created)',
  )
  if (fails) log.say('jest-haste-map: duplicate manual mock found: fetch')
  for (const module of log.shuffled(MODULES)) {
    for (const kind of log.shuffled(['unit', 'routes', 'store'])) {
      const isBad = fails && module === 'orders' && kind === 'routes'
      const time = log.chance(0.4) ? ` (${log.decimal(5, 9, 3)} s)` : ''
      if (log.chance(0.2)) {
        log.say(
          '  console.warn',
          `    retrying ${module} in ${log.whole(100, 900)} ms after Error: socket hang up`,
          '',
          `      at warn (src/${module}/client.ts:${log.whole(10, 90)}:11)`,
          '',
        )
      }
      log.say(`${isBad ? 'FAIL' : 'PASS'} test/${module}/${kind}.test.ts${time}`)
      if (!isBad) continue
      log.say('  ● orders routes › answers with the list of orders', '')
      log.cry('    listen EADDRINUSE: address already in use 127.0.0.1:5438')
      log.say(
        '',
        '      21 |   const server = createServer(app)',
        '    > 22 |   await new Promise((done) => server.listen(5438, done))',
        '         |                                      ^',
        '      23 |   return server',
        '',
        '      at Server.setupListenHandle [as _listen2] (node:net:1940:16)',
        '      at listenInCluster (node:net:1997:12)',
        '      at start (test/orders/routes.test.ts:22:38)',
        '',
      )
    }
  }
  log.say(
    '',
    `Test Suites: ${fails ? '1 failed, 26 passed' : '27 passed'}, 27 total`,
    `Tests:       ${fails ? '1 failed, 1 skipped, 210 passed' : '1 skipped, 211 passed'}, 212 total`,
    'Snapshots:   14 passed, 14 total',
    `Time:        ${log.decimal(20, 40, 3)} s`,
    'Ran all test suites.',
  )
  if (fails) {
    log.say(
      'npm error Lifecycle script `test` failed with error:',
      'npm error code 1',
      'npm error path /builds/shop/web',
      'npm error workspace shop@4.2.0',
    )
  }
}

export const maven: CiCase = (log, fails) => {
  log.stamp = 'iso'
  log.say(
    '[INFO] Scanning for projects...',
    '[WARNING] ',
    '[WARNING] Some problems were encountered while building the effective model for com.shop:orders:jar:2.4.1-SNAPSHOT',
    "[WARNING] 'build.plugins.plugin.version' for org.apache.maven.plugins:maven-compiler-plugin is missing. @ line 61, column 15",
    '[INFO] ',
    '[INFO] --------------------------< com.shop:orders >---------------------------',
    '[INFO] Building orders 2.4.1-SNAPSHOT',
  )
  const jars = ['slf4j-api/2.0.17', 'jackson-core/2.20.0', 'hikari/7.0.2']
  if (fails) jars.push('byte-buddy/1.17.8', 'objenesis/3.4')
  for (const jar of jars) {
    log.say(
      `[INFO] Downloading from central: https://repo.maven.apache.org/maven2/${jar}.jar`,
      `[INFO] Downloaded from central: https://repo.maven.apache.org/maven2/${jar}.jar (${log.whole(20, 900)} kB at ${log.decimal(1, 9, 1)} MB/s)`,
    )
  }
  log.say(
    '[INFO] --- surefire:3.5.4:test (default-test) @ orders ---',
    '[INFO] Using auto detected provider org.apache.maven.surefire.junitplatform.JUnitPlatformProvider',
    '[INFO] -------------------------------------------------------',
    '[INFO]  T E S T S',
    '[INFO] -------------------------------------------------------',
  )
  for (const module of log.shuffled(MODULES)) {
    const name = `com.shop.${module}.${module[0]?.toUpperCase()}${module.slice(1)}ServiceTest`
    log.say(`[INFO] Running ${name}`)
    for (let i = log.whole(2, 6); i > 0; i--) {
      log.say(
        `${log.whole(10, 23)}:${log.whole(10, 59)}:${log.whole(10, 59)}.${log.whole(100, 999)} [main] INFO  c.s.${module}.Service -- loaded ${log.whole(10, 400)} rows`,
      )
    }
    if (log.chance(0.3))
      log.say(
        `${log.whole(10, 23)}:${log.whole(10, 59)}:${log.whole(10, 59)}.${log.whole(100, 999)} [main] ERROR c.s.${module}.Service -- card declined for test order ${log.whole(1000, 9999)}`,
      )
    if (fails && module === 'stock') {
      log.say(
        `[ERROR] Tests run: 9, Failures: 0, Errors: 1, Skipped: 0, Time elapsed: ${log.decimal(1, 3, 3)} s <<< FAILURE! -- in ${name}`,
      )
      log.say(
        `[ERROR] ${name}.keepsTheLastReservation -- Time elapsed: ${log.decimal(0, 1, 3)} s <<< ERROR!`,
      )
      log.cry(
        'java.lang.NullPointerException: Cannot invoke "com.shop.stock.Reservation.quantity()" because "last" is null',
      )
      log.say(
        '\tat com.shop.stock.StockService.keep(StockService.java:88)',
        '\tat com.shop.stock.StockServiceTest.keepsTheLastReservation(StockServiceTest.java:41)',
        '\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)',
        '\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1596)',
        '',
      )
      continue
    }
    log.say(
      `[INFO] Tests run: ${log.whole(4, 12)}, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: ${log.decimal(0, 3, 3)} s -- in ${name}`,
    )
  }
  log.say('[INFO] ', '[INFO] Results:', '[INFO] ')
  if (fails) {
    log.say('[ERROR] Errors: ')
    log.cry(
      '[ERROR]   StockServiceTest.keepsTheLastReservation:41 » NullPointer Cannot invoke "com.shop.stock.Reservation.quantity()" because "last" is null',
    )
    log.say('[INFO] ', '[ERROR] Tests run: 71, Failures: 0, Errors: 1, Skipped: 0', '[INFO] ')
  } else log.say('[INFO] Tests run: 72, Failures: 0, Errors: 0, Skipped: 0', '[INFO] ')
  log.say(
    '[INFO] ------------------------------------------------------------------------',
    `[INFO] BUILD ${fails ? 'FAILURE' : 'SUCCESS'}`,
    '[INFO] ------------------------------------------------------------------------',
    `[INFO] Total time:  ${log.decimal(20, 50, 3)} s`,
    '[INFO] ------------------------------------------------------------------------',
  )
  if (!fails) return
  log.say(
    '[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:3.5.4:test (default-test) on project orders: There are test failures.',
    '[ERROR] ',
    '[ERROR] See /builds/shop/orders/target/surefire-reports for the individual test results.',
    '[ERROR] -> [Help 1]',
    '[ERROR] ',
    '[ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.',
    '[ERROR] Re-run Maven using the -X switch to enable full debug logging.',
    '[ERROR] ',
    '[ERROR] For more information about the errors and possible solutions, please read the following articles:',
    '[ERROR] [Help 1] http://cwiki.apache.org/confluence/display/MAVEN/MojoFailureException',
  )
}

function goTest(log: CiLog, name: string, fails: boolean): void {
  log.say(`=== RUN   ${name}`, `=== PAUSE ${name}`, `=== CONT  ${name}`)
  if (log.chance(0.3))
    log.say(
      `    client.go:${log.whole(20, 90)}: retry ${log.whole(1, 3)} of 3: connection reset by peer`,
    )
  if (fails) {
    log.cry(`    cart_test.go:57: total of cart = 1190, want 1200`)
    log.say(`--- FAIL: ${name} (${log.decimal(0, 2)}s)`)
  } else log.say(`--- PASS: ${name} (${log.decimal(0, 2)}s)`)
}

export const go: CiCase = (log, fails) => {
  for (const module of ['github.com/stretchr/testify v1.11.1', 'golang.org/x/sync v0.18.0']) {
    log.say(`go: downloading ${module}`)
  }
  if (fails) log.say('go: downloading github.com/google/uuid v1.6.0')
  for (const module of log.shuffled(MODULES)) {
    const names = VERBS.map((verb) => `Test${verb[0]?.toUpperCase()}${verb.slice(1)}`)
    for (const name of log.shuffled(names))
      goTest(log, name, fails && module === 'cart' && name === 'TestMerges')
    if (fails && module === 'cart') {
      log.say(
        'FAIL',
        `coverage: ${log.decimal(60, 90, 1)}% of statements`,
        `FAIL\tgithub.com/shop/shop/${module}\t${log.decimal(0, 3, 3)}s`,
      )
    } else
      log.say(
        'PASS',
        `coverage: ${log.decimal(60, 90, 1)}% of statements`,
        `ok  \tgithub.com/shop/shop/${module}\t${log.decimal(0, 3, 3)}s\tcoverage: ${log.decimal(60, 90, 1)}% of statements`,
      )
  }
  if (fails) log.say('FAIL', 'make: *** [Makefile:14: test] Error 1')
}

export const rspec: CiCase = (log, fails) => {
  log.stamp = 'clock'
  log.say('Using rake 13.3.1', 'Using concurrent-ruby 1.3.5', 'Using rails 8.1.1')
  if (fails) log.say('Fetching minitest 5.26.1', 'Installing minitest 5.26.1')
  log.say(
    'Bundle complete! 41 Gemfile dependencies, 117 gems now installed.',
    'bundle exec rspec --format documentation',
    '',
    `Randomized with seed ${log.whole(1000, 60000)}`,
    '',
  )
  for (const module of log.shuffled(MODULES)) {
    log.say(`${module[0]?.toUpperCase()}${module.slice(1)}`)
    for (const verb of log.shuffled(VERBS)) {
      const isBad = fails && module === 'mail' && verb === 'sends'
      log.say(`  ${verb} ${module} lines${isBad ? ' (FAILED - 1)' : ''}`)
    }
    if (log.chance(0.3))
      log.say(
        'DEPRECATION WARNING: Using `exception_wrapper` is deprecated and will be removed in Rails 8.2.',
      )
  }
  log.say('')
  if (fails) {
    log.say('Failures:', '', '  1) Mail sends mail lines')
    log.say('     Failure/Error: expect(outbox.size).to eq(2)', '')
    log.cry('       expected: 2')
    log.say(
      '            got: 3',
      '',
      '       (compared using ==)',
      "     # ./spec/mail_spec.rb:33:in `block (2 levels) in <top (required)>'",
      '',
    )
  }
  log.say(
    `Finished in ${log.decimal(3, 9)} seconds (files took ${log.decimal(1, 4)} seconds to load)`,
    `72 examples, ${fails ? 1 : 0} failure${fails ? '' : 's'}`,
    '',
  )
  if (fails) {
    log.say('Failed examples:', '')
    log.cry('rspec ./spec/mail_spec.rb:30 # Mail sends mail lines')
  }
  log.say(
    `Coverage report generated for RSpec to coverage. ${log.whole(2000, 3000)} / ${log.whole(3000, 3300)} LOC (${log.decimal(80, 95)}%) covered.`,
  )
}

export const bazel: CiCase = (log, fails) => {
  log.stamp = 'clock'
  log.say(
    `INFO: Invocation ID: ${log.hex(8)}`,
    'Loading: 0 packages loaded',
    `Analyzing: 41 targets (${log.whole(10, 90)} packages loaded, 0 targets configured)`,
    'INFO: Analyzed 41 targets (88 packages loaded, 1204 targets configured).',
    'INFO: Found 23 targets and 18 test targets...',
  )
  if (fails)
    log.say('INFO: Build options --compilation_mode have changed, discarding analysis cache.')
  for (let i = 0; i < 40; i++)
    log.say(
      `[${log.whole(10, 900)} / 1,204] ${log.one(['Compiling', 'Linking', 'Testing', 'Executing genrule'])} //${log.one(MODULES)}:${log.one(VERBS)}; ${log.whole(1, 30)}s ${log.one(['linux-sandbox', 'processwrapper-sandbox', 'remote-cache'])}`,
    )
  const isSlow = (module: string, kind: string): boolean =>
    fails && module === 'search' && kind === 'large'
  for (const module of log.shuffled(MODULES))
    for (const kind of ['small', 'large'])
      if (isSlow(module, kind)) {
        log.cry(`TIMEOUT: //search:search_large_test (Summary)`)
        log.say(
          `      /home/ci/.cache/bazel/_bazel_ci/${log.hex(32)}/execroot/_main/bazel-out/k8-fastbuild/testlogs/search/search_large_test/test.log`,
        )
        log.say(
          'INFO: From Testing //search:search_large_test:',
          '==================== Test output for //search:search_large_test:',
          'indexing 20000 articles',
          '-- Test timed out at 2026-11-29 06:12:44 UTC --',
          '================================================================================',
        )
      }
  for (const module of log.shuffled(MODULES))
    for (const kind of ['small', 'large']) {
      const end = isSlow(module, kind) ? 'TIMEOUT in 300.1s' : `PASSED in ${log.decimal(0, 30, 1)}s`
      log.say(`//${module}:${module}_${kind}_test${' '.repeat(20)}${end}`)
    }
  if (fails)
    log.say(
      '',
      'Executed 18 out of 18 tests: 17 tests pass and 1 fails locally.',
      'INFO: Build completed, 1 test FAILED, 1205 total actions',
    )
  else
    log.say(
      '',
      'Executed 18 out of 18 tests: 18 tests pass.',
      'INFO: Build completed successfully, 1205 total actions',
    )
}
