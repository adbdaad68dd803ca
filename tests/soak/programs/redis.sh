#!/bin/sh
# A server under load that forks to dump its data; a second one, started on the dump, must have the same.
set -eu

server() {
  redis-server --port 0 --unixsocket "$PWD/redis.sock" --dir "$PWD" --save '' --appendonly "$1" --daemonize no \
    --logfile redis.log &
  server=$!
  until redis-cli -s redis.sock PING >/dev/null 2>&1; do sleep 0.1; done
}

state() { redis-cli -s redis.sock DBSIZE && redis-cli -s redis.sock DEBUG DIGEST; }

server yes
redis-benchmark -s redis.sock -q -n 20000 -c 20 -d 100 -r 1000 -t set,get,incr,lpush,rpop,sadd,hset,zadd,mset >benchmark.txt
redis-cli -s redis.sock FLUSHALL
# shellcheck disable=SC2016 # $ is awk's
awk 'BEGIN { for (i = 0; i < 50000; i++) printf "SET key:%d %d\r\nRPUSH list:%d %d\r\nZADD set:%d %d m%d\r\n",
  i, i * 7919, i % 97, i, i % 31, i * 31 % 1009, i }' | redis-cli -s redis.sock --pipe | grep -c 'errors: 0'
redis-cli -s redis.sock BGSAVE >bgsave.txt
redis-cli -s redis.sock BGREWRITEAOF >rewrite.txt
until redis-cli -s redis.sock INFO persistence | grep -q 'rdb_bgsave_in_progress:0'; do sleep 0.1; done
until redis-cli -s redis.sock INFO persistence | grep -q 'aof_rewrite_in_progress:0'; do sleep 0.1; done
redis-cli -s redis.sock INFO persistence | grep -E 'last_bgsave_status|last_bgrewrite_status'
state
redis-cli -s redis.sock SHUTDOWN SAVE
wait "$server" && echo "the first server ended with $?"
server no
state
redis-cli -s redis.sock SHUTDOWN NOSAVE
wait "$server" && echo "the second server ended with $?"
