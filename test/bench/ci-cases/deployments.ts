import { type CiCase, runnerBegins, runnerEnds } from './ci-log.ts'

/** Jobs that bring something somewhere, and fail at it. */

const MODULES = ['cart', 'checkout', 'orders', 'payment', 'stock', 'users', 'search', 'mail', 'tax']

export const terraform: CiCase = (log, fails) => {
  log.say(
    'Initializing the backend...',
    'Initializing provider plugins...',
    '- Reusing previous version of hashicorp/aws from the dependency lock file',
    '- Using previously-installed hashicorp/aws v6.23.0',
    '',
    'Terraform has been successfully initialized!',
  )
  for (const module of log.shuffled(MODULES))
    log.say(
      `module.${module}.aws_iam_role.task: Refreshing state... [id=${module}-task]`,
      `module.${module}.aws_security_group.this: Refreshing state... [id=sg-${log.hex(17)}]`,
    )
  log.say(`Plan: ${log.whole(2, 4)} to add, ${log.whole(0, 3)} to change, 0 to destroy.`)
  for (const module of log.shuffled(MODULES.slice(0, 5))) {
    log.say(
      `module.${module}.aws_ecs_service.this: Modifying... [id=arn:aws:ecs:eu-central-1:${log.whole(1e11, 9e11)}:service/shop/${module}]`,
    )
    for (let i = 1; i < log.whole(2, 5); i++)
      log.say(
        `module.${module}.aws_ecs_service.this: Still modifying... [id=arn:aws:ecs:eu-central-1:${log.whole(1e11, 9e11)}:service/shop/${module}, 00m${i}0s elapsed]`,
      )
    if (!(fails && module === 'orders'))
      log.say(
        `module.${module}.aws_ecs_service.this: Modifications complete after ${log.whole(20, 59)}s [id=arn:aws:ecs:eu-central-1:${log.whole(1e11, 9e11)}:service/shop/${module}]`,
      )
  }
  if (fails) {
    log.say('╷')
    log.cry(
      '│ Error: creating RDS DB Instance (orders-replica): operation error RDS: CreateDBInstance, https response error StatusCode: 400, RequestID: ' +
        log.hex(8) +
        ', api error InstanceQuotaExceeded: Cannot create more than 40 DB instances',
    )
    log.say(
      '│ ',
      '│   with module.orders.aws_db_instance.replica[0],',
      '│   on modules/orders/db.tf line 31, in resource "aws_db_instance" "replica":',
      '│   31: resource "aws_db_instance" "replica" {',
      '│ ',
      '╵',
      'Releasing state lock. This may take a few moments...',
    )
  } else
    log.say(
      'Releasing state lock. This may take a few moments...',
      '',
      `Apply complete! Resources: ${log.whole(2, 4)} added, ${log.whole(0, 3)} changed, 0 destroyed.`,
    )
}

export const kubectl: CiCase = (log, fails) => {
  log.stamp = 'clock'
  log.say('$ kubectl config use-context shop/production', 'Switched to context "shop/production".')
  for (const module of MODULES)
    log.say(
      `deployment.apps/${module} ${log.one(['configured', 'unchanged'])}`,
      `service/${module} unchanged`,
      `configmap/${module}-${log.hex(10)} created`,
    )
  if (fails)
    log.say(
      'Warning: spec.template.spec.containers[0].env[4]: hides previous definition of "TZ", which may be dropped when using apply',
    )
  for (const module of MODULES) {
    const isBad = fails && module === 'search'
    for (let i = 0; i < log.whole(1, 4); i++)
      log.say(
        `Waiting for deployment "${module}" rollout to finish: ${i} out of 4 new replicas have been updated...`,
      )
    log.say(
      `Waiting for deployment "${module}" rollout to finish: ${isBad ? 3 : log.whole(1, 3)} of 4 updated replicas are available...`,
    )
    if (!isBad) {
      log.say(`deployment "${module}" successfully rolled out`)
      continue
    }
    log.cry('error: deployment "search" exceeded its progress deadline')
    log.say(
      '$ kubectl get pods -l app=search',
      'NAME                      READY   STATUS             RESTARTS      AGE',
      `search-${log.hex(9)}-x2b9k   1/1     Running            0             ${log.whole(5, 40)}m`,
    )
    log.cry(`search-${log.hex(9)}-pq7zd   0/1     CrashLoopBackOff   6 (41s ago)   10m`)
    log.say('ERROR: Job failed: exit code 1')
    return
  }
  log.say('Job succeeded')
}

export const ansible: CiCase = (log, fails) => {
  const hosts = Array.from({ length: 8 }, (_, i) => `web-${i + 1}.shop.internal`)
  log.say('PLAY [web] *********************************************************************', '')
  for (const task of [
    'Gathering Facts',
    'common : install packages',
    'common : write ntp.conf',
    'nginx : write vhosts',
    'nginx : check config',
    'shop : fetch release',
    'shop : link release',
    'shop : run migrations',
    'shop : restart',
  ]) {
    log.say(`TASK [${task}] ${'*'.repeat(72 - task.length)}`)
    for (const host of log.shuffled(hosts)) {
      if (fails && host === 'web-6.shop.internal' && task.startsWith('shop')) {
        if (task !== 'shop : fetch release') continue
        log.cry(
          `fatal: [${host}]: FAILED! => {"changed": false, "dest": "/srv/shop/releases/${log.hex(8)}.tgz", "elapsed": 10, "msg": "Request failed: <urlopen error [Errno 28] No space left on device>", "url": "https://releases.shop.internal/${log.hex(8)}.tgz"}`,
        )
        continue
      }
      if (task.startsWith('nginx : check') && log.chance(0.2))
        log.say(
          `[WARNING]: Module remote_tmp /root/.ansible/tmp did not exist and was created with a mode of 0700`,
        )
      if (task === 'shop : fetch release' && log.chance(0.2))
        log.say(
          `FAILED - RETRYING: [${host}]: shop : fetch release (${log.whole(1, 3)} retries left).`,
        )
      log.say(`${log.one(['ok', 'ok', 'changed'])}: [${host}]`)
    }
    log.say('')
  }
  log.say('PLAY RECAP *********************************************************************')
  for (const host of hosts) {
    const isBad = fails && host === 'web-6.shop.internal'
    log.say(
      `${host}        : ok=${isBad ? 5 : 9}    changed=${log.whole(1, 5)}    unreachable=0    failed=${isBad ? 1 : 0}    skipped=${log.whole(0, 2)}    rescued=0    ignored=0`,
    )
  }
}

export const apt: CiCase = (log, fails) => {
  log.stamp = 'clock'
  for (const suite of ['noble', 'noble-updates', 'noble-security'])
    log.say(
      `Get:${log.whole(1, 9)} http://archive.ubuntu.com/ubuntu ${suite} InRelease [${log.whole(100, 300)} kB]`,
    )
  log.say(
    'Hit:5 https://packages.microsoft.com/ubuntu/24.04/prod noble InRelease',
    `Fetched ${log.whole(20, 40)}.${log.whole(0, 9)} MB in ${log.whole(2, 6)}s (${log.whole(4, 9)},${log.whole(100, 999)} kB/s)`,
    'Reading package lists...',
    'Building dependency tree...',
    'Reading state information...',
    'The following NEW packages will be installed:',
    '  libpq-dev libssl-dev postgresql-client',
    fails
      ? '0 upgraded, 9 newly installed, 0 to remove and 14 not upgraded.'
      : '0 upgraded, 9 newly installed, 0 to remove and 12 not upgraded.',
    'debconf: delaying package configuration, since apt-utils is not installed',
  )
  for (let i = 1; i < 10; i++) {
    if (fails && i === 6)
      log.say(
        'Err:6 http://archive.ubuntu.com/ubuntu noble-updates/main amd64 libpq-dev amd64 16.10-0ubuntu0.24.04.1',
        '  404  Not Found [IP: 91.189.91.81 80]',
      )
    else
      log.say(
        `Get:${i} http://archive.ubuntu.com/ubuntu noble-updates/main amd64 lib${log.one(MODULES)}-dev amd64 ${log.whole(1, 9)}.${log.whole(1, 99)}-${log.whole(1, 9)}ubuntu1 [${log.whole(20, 900)} kB]`,
      )
  }
  if (fails) {
    log.cry(
      'E: Failed to fetch http://archive.ubuntu.com/ubuntu/pool/main/p/postgresql-16/libpq-dev_16.10-0ubuntu0.24.04.1_amd64.deb  404  Not Found [IP: 91.189.91.81 80]',
    )
    log.say(
      'E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?',
      'The command "/bin/sh -c apt-get install -y libpq-dev" returned a non-zero code: 100',
    )
    return
  }
  for (const name of ['libpq-dev', 'libssl-dev', 'postgresql-client'])
    log.say(
      `Selecting previously unselected package ${name}.`,
      `Unpacking ${name} (${log.whole(1, 20)}.${log.whole(1, 20)}) ...`,
      `Setting up ${name} (${log.whole(1, 20)}.${log.whole(1, 20)}) ...`,
    )
  log.say('Processing triggers for libc-bin (2.39-0ubuntu8.6) ...')
}

/** Everything says that it is well, but for the code at the very end. */
export const compose: CiCase = (log, fails) => {
  runnerBegins(log, 'docker/setup-compose-action@v1')
  for (const module of MODULES)
    log.say(` Container shop-${module}-1  Creating`, ` Container shop-${module}-1  Created`)
  log.say('Attaching to e2e-1')
  for (let i = 0; i < 120; i++)
    log.say(
      `${log.one(MODULES).padEnd(9)}-1  | {"level":"${log.one(['info', 'info', 'info', 'warn'])}","ms":${log.whole(1, 90)},"msg":"${log.one(['request done', 'cache miss', 'slow query', 'token refreshed'])}","id":"${log.hex(16)}"}`,
    )
  for (let i = 1; i < 31; i++) log.say(`e2e-1      | step ${i}/30 ok (${log.whole(100, 2000)} ms)`)
  if (fails) log.cry('e2e-1 exited with code 3')
  else log.say('e2e-1 exited with code 0')
  for (const module of log.shuffled(MODULES))
    log.say(` Container shop-${module}-1  Stopping`, ` Container shop-${module}-1  Stopped`)
  runnerEnds(log, fails ? 3 : 0)
}
