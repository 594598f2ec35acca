#!/usr/bin/env bash
# A Slurm of one node at 127.0.0.1 in a folder of its own, for tests: Debian's slurm-wlm and munge.
#
#   tests/experiments/slurm.sh start DIR    # prints the path of slurm.conf: set SLURM_CONF to it
#   tests/experiments/slurm.sh stop DIR
#
# It needs no root and touches nothing outside DIR: keys, sockets, logs and state are in there, and the ports are free ones.
set -euo pipefail
action=${1:?start or stop}
dir=$(realpath -m "${2:?a folder}")
PATH=$PATH:/usr/sbin:/sbin

# A daemon that has its own pid file is ended by it, and waited for
end() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$pid" 2>/dev/null || true
}

stop() {
  SLURM_CONF=$dir/slurm.conf timeout 10 scancel --full --signal=KILL --user="$(id -un)" 2>/dev/null || true
  end "$dir/slurmctld.pid"
  end "$dir/slurmd.pid"
  end "$dir/munged.pid"
}

free_port() {
  node=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$node") 2>/dev/null; do node=$((node + 1)); done
  echo "$node"
}

start() {
  mkdir -p "$dir"/{state,spool,munge}
  chmod 700 "$dir" "$dir/munge"
  (umask 077; head -c 1024 /dev/urandom > "$dir/munge/key")
  munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" --num-threads=2
  local name me from
  name=$(hostname -s)
  me=$(id -un)
  from=$((20000 + RANDOM % 20000))
  cat > "$dir/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$(free_port "$from")
SlurmdPort=$(free_port $((from + 10)))
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,requeue_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
MinJobAge=30
JobRequeue=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000 State=UNKNOWN
PartitionName=test Nodes=$name Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
  export SLURM_CONF=$dir/slurm.conf
  slurmctld
  slurmd
  for _ in $(seq 100); do
    if sinfo --noheader --format=%T 2>/dev/null | grep -qE '^(idle|mixed|allocated)'; then
      echo "$dir/slurm.conf"
      return 0
    fi
    sleep 0.2
  done
  tail -n 20 "$dir"/slurm*.log >&2
  stop
  echo "Cannot start Slurm in '$dir': see its logs above" >&2
  return 1
}

"$action"
