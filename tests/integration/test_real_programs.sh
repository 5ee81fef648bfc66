#!/usr/bin/env bash
# Real programs do the same with castaway as without: stdout, stderr, exit status, signals.
# shellcheck disable=SC2016,SC2094,SC2317
# shellcheck source=tests/integration/real_programs.sh
. "$(dirname "$0")/real_programs.sh"

# ---- small jobs, one function a program
bash_job() {
    "${RUN[@]}" bash -c 'declare -A count; for word in a b a c a; do ((count[$word]++)); done
        for key in "${!count[@]}"; do echo "$key ${count[$key]}"; done | sort; echo $(seq 5 | tr "\n" ,); exit 3'
}
dash_job() {
    "${RUN[@]}" dash -c 'i=0; while [ $i -lt 50 ]; do i=$((i + 1)); x="$x$i"; done; echo "$x"'
}
perl_job() {
    "${RUN[@]}" perl -e 'my %h; $h{$_ % 97} .= "x$_," for 1 .. 20000; print "$_ ", length $h{$_}, "\n" for sort keys %h;
        my $ring = {}; $ring->{self} = $ring; print join(" ", sort { $b <=> $a } map { $_ ** 2 } 1 .. 50), "\n"'
}
python_job() {
    "${RUN[@]}" /usr/bin/python3 -c 'import json, re, threading, subprocess
def work(n): out[n] = sum(len(json.dumps(list(range(i)))) for i in range(300))
out = {}
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(out.items()), re.sub("a+", "b", "caaat"))
print(subprocess.run(["echo", "from a child"], capture_output=True, text=True).stdout)'
}
sqlite_job() {
    "${RUN[@]}" sqlite3 test.db 'create table t(a integer primary key, b text);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
        insert into t select i, hex(i * i) from n; create index tb on t(b);
        select count(*), sum(length(b)), max(b) from t; select b, count(*) from t group by b having count(*) > 1;'
}
git_job() {
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
    "${RUN[@]}" git init -q -b main . && for i in 1 2 3; do
        seq $((i * 100)) >file && "${RUN[@]}" git add file && "${RUN[@]}" git commit -q -m "change $i" || return
    done
    "${RUN[@]}" git log --stat --format='%H %s' && "${RUN[@]}" git diff HEAD~2 | tail -n 5
    "${RUN[@]}" git gc -q && "${RUN[@]}" git fsck --strict
}
gcc_job() {
    printf '#include <stdio.h>\nint main(void) { printf("%%d\\n", 6 * 7); return 5; }\n' >a.c
    "${RUN[@]}" gcc -O2 -Wall -o a a.c && sha256sum a && ./a
}
gcc_error_job() {
    echo 'int main(void) { return x; }' >a.c
    "${RUN[@]}" gcc -c a.c
}
make_job() {
    printf 'all: a b\na b:\n\t@echo making $@; sleep 0.0\nfail:\n\t@exit 7\n' >Makefile
    "${RUN[@]}" make --no-print-directory && "${RUN[@]}" make --no-print-directory fail
}
tar_job() {
    mkdir d && seq 1000 >d/a && seq 2000 >d/b && touch -d @0 d/a d/b d
    "${RUN[@]}" tar --sort=name --owner=0 --group=0 -cf - d | sha256sum
    "${RUN[@]}" tar -czf d.tar.gz d && "${RUN[@]}" tar -tzf d.tar.gz
}
awk_job() {
    seq 1 3000 | "${RUN[@]}" "$1" '{ n[$1 % 7] += $1; s = s "," $1 } END { for (i = 0; i < 7; i++) print i, n[i]; print length(s) }'
}
jq_job() {
    "${RUN[@]}" jq -cn '[range(2000) | {id: ., name: "n\(.)"}] | group_by(.id % 5) | map(length), (["castaway"] | map(ltrimstr(1)))'
}
ssh_keygen_job() {
    "${RUN[@]}" ssh-keygen -q -t ed25519 -N '' -C comment -f key && "${RUN[@]}" ssh-keygen -y -f key | cmp - key.pub &&
        ls && echo text >file && "${RUN[@]}" ssh-keygen -q -Y sign -n file -f key file &&
        "${RUN[@]}" ssh-keygen -Y check-novalidate -n file -s file.sig <file >/dev/null && ls
}
openssl_job() {
    seq 10000 | "${RUN[@]}" openssl dgst -sha256
    seq 10000 | "${RUN[@]}" openssl enc -aes-256-cbc -K 00 -iv 00 2>/dev/null | sha256sum
    "${RUN[@]}" openssl genrsa -out key.pem 2048 2>/dev/null && "${RUN[@]}" openssl rsa -in key.pem -check -noout
}
redis_job() {
    local server status
    PORT=$(free_port)
    "${RUN[@]}" redis-server --port "$PORT" --bind 127.0.0.1 --save '' --daemonize no >server.log 2>&1 &
    server=$!
    until_true redis-cli -p "$PORT" ping
    "${RUN[@]}" redis-cli -p "$PORT" set key value
    for i in {1..200}; do echo "rpush list item$i"; done | redis-cli -p "$PORT" >/dev/null
    redis-cli -p "$PORT" lrange list 0 2
    redis-cli -p "$PORT" eval 'return redis.call("get", KEYS[1])' 1 key
    redis-cli -p "$PORT" get key
    redis-cli -p "$PORT" shutdown nosave
    wait "$server"
    status=$?
    [ "$status" = 0 ] || tail -n 3 server.log
    return "$status"
}
http_get() {
    exec 9<>"/dev/tcp/127.0.0.1/$PORT" || return
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&9
    sed -e '/^Date:/d' -e '/^Last-Modified:/d' -e '/^ETag:/d' <&9
    exec 9<&-
}
nginx_job() {
    local server status
    PORT=$(free_port)
    mkdir www tmp && seq 5000 >www/index.html
    cat >nginx.conf <<END
daemon off; worker_processes 1; pid nginx.pid; error_log error.log;
$([ "$(id -u)" = 0 ] && echo 'user root;')
events { }
http {
    access_log off; root www; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp;
    scgi_temp_path tmp; gzip on; server { listen 127.0.0.1:$PORT; location /missing { return 404; } }
}
END
    "${RUN[@]}" nginx -p "$PWD" -c nginx.conf -e error.log >server.log 2>&1 &
    server=$!
    until_true http_get /
    for path in / /missing /index.html; do http_get "$path" | sha256sum; done
    kill -QUIT "$(cat nginx.pid)"
    wait "$server"
    status=$?
    grep -E 'signal [0-9]+ \(|alert|emerg' error.log
    return "$status"
}
node_job() {
    "${RUN[@]}" node -e 'const fs = require("fs"); let a = []; for (let i = 0; i < 1e5; i++) a.push({i, s: "x" + i});
        console.log(a.length, require("crypto").createHash("sha256").update(JSON.stringify(a)).digest("hex"));
        setTimeout(() => { console.log(fs.readdirSync(".").length); process.exit(4) }, 10)'
}
java_job() {
    "${RUN[@]}" java -Xshare:auto -XX:TieredStopAtLevel=1 --list-modules
}
javac_job() {
    cat >Main.java <<'END'
import java.util.*;
public class Main {
    public static void main(String[] a) throws Exception {
        Map<Integer, String> m = new TreeMap<>();
        Thread[] t = new Thread[4];
        for (int n = 0; n < 4; n++) { int k = n; t[n] = new Thread(() -> { synchronized (m) { m.put(k, "x".repeat(k)); } }); t[n].start(); }
        for (Thread x : t) x.join();
        System.gc();
        System.out.println(m);
        System.exit(6);
    }
}
END
    javac Main.java && "${RUN[@]}" java Main
}

same bash bash_job && reported bash
same dash dash_job
same perl perl_job && reported perl
same python3 python_job && reported python3
same sqlite3 sqlite_job && reported sqlite3
same git git_job && reported git
same gcc gcc_job && reported gcc
gives 1 'gcc, error' gcc_error_job
gives 2 make make_job && reported make
same tar tar_job && reported tar
for awk in gawk mawk; do
    same $awk awk_job $awk && reported $awk
done
same jq jq_job && reported jq
same ssh-keygen ssh_keygen_job && reported ssh-keygen
same openssl openssl_job && reported openssl
same redis-server redis_job && reported redis-server
same nginx nginx_job && reported nginx
command -v node >/dev/null && same node node_job
command -v java >/dev/null && same java java_job
command -v javac >/dev/null && same 'java, compiled' javac_job

# ---- exit status, standard input, arguments, environment
run() {
    exec "${RUN[@]}" "$@"
}
gives 1 false run false
gives 1 'grep, no match' run grep nothing /dev/null
gives 2 'ls, missing file' run ls /nonexistent
gives 200 'status 200' run bash -c 'exit 200'
stdin_job() {
    printf 'a\nb\0c\n' | "${RUN[@]}" cat
    seq 100000 | "${RUN[@]}" sort -rn | head -n 3
}
same 'standard input' stdin_job
same arguments run printf '[%s]\n' '' ' a  b ' --json '*' $'\n' -- 'ü'
environment_job() {
    VARIABLE='a value' "${RUN[@]}" env | grep -vE '^(LD_PRELOAD|CASTAWAY_[A-Z]+|_|PWD|OLDPWD|G_SLICE|PYTHONMALLOC|USE_ZEND_ALLOC|NSS_[A-Z_]+)=' | sort
}
same environment environment_job
fd_job() {
    "${RUN[@]}" ls /proc/self/fd | sort
    echo text 7>out 8<Makefile 2>/dev/null || true
    "${RUN[@]}" bash -c 'echo to seven >&7' 7>out && cat out
}
same 'file descriptors' fd_job

# ---- signals
gives 139 'SIGSEGV' run sh -c 'kill -SEGV $$'
gives 134 'SIGABRT' run sh -c 'kill -ABRT $$'
gives 143 'SIGTERM' run perl -e 'kill TERM => $$; sleep 5'
gives 137 'SIGKILL' run perl -e 'kill KILL => $$; sleep 5'

# group_signal SIGNAL PROGRAM...: in a process group of its own, which gets the signal once the program says `ready`
group_signal() {
    perl -e 'my $signal = shift; $SIG{$_} = "DEFAULT" for qw(INT QUIT TERM);
        pipe my $in, my $out; my $pid = fork;
        if (!$pid) { setpgrp; open STDOUT, ">&", $out; exec @ARGV; exit 9 }
        close $out; my $line = <$in>; select undef, undef, undef, 0.2;
        kill $signal => -$pid; print while <$in>; waitpid $pid, 0;
        print $? & 127 ? "signal " . ($? & 127) : "status " . ($? >> 8), "\n"' "$1" "${RUN[@]}" "${@:2}"
}
same 'Ctrl-C' group_signal INT perl -e '$| = 1; print "ready\n"; sleep 10; print "not reached\n"'
# what a process sends to the group is passed on as well (a terminal's is not): it may come again while perl ends
same 'Ctrl-C, handled' group_signal INT perl -e '$| = 1; $SIG{INT} = sub { $SIG{INT} = "IGNORE"; print "got it\n"; exit 5 };
    print "ready\n"; sleep 10'
same 'Ctrl-C, ignored' group_signal INT perl -e '$| = 1; $SIG{INT} = "IGNORE"; print "ready\n"; sleep 1; print "went on\n"'
same 'SIGTERM to the group' group_signal TERM perl -e '$| = 1; print "ready\n"; sleep 10'

# ---- cost: `true` and castaway together touch few pages (tests/bench tells the times); libraries that are read at the
# start, or tables that are filled, would show
# used WHAT PROGRAM...: a field of getrusage()
used() {
    /usr/bin/python3 -c 'import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
print(getattr(usage, sys.argv[1]) if status == 0 else 10000000)' "$@"
}
# touches_few NAME FAULTS PROGRAM...: it has no more page faults under castaway than so many beyond its own
touches_few() {
    local plain castaway
    plain=$(used ru_minflt "${@:3}")
    castaway=$(used ru_minflt "${RUN[@]}" "${@:3}")
    if [ $((castaway - plain)) -le "$2" ]; then
        pass
    else
        fail "$1 has $plain page faults, under castaway $castaway"
    fi
}
under_castaway
touches_few true 250 /bin/true
touches_few 'a program with few stacks' 280 /usr/bin/sort /dev/null
gcc -O1 -w -o "$WORK/block_untouched" "$here/../programs/block_untouched.c"
touches_few 'a program with a large block that it does not use' 2000 "$WORK/block_untouched"
gcc -O1 -w -pthread -o "$WORK/tables_untouched" "$here/../programs/tables_untouched.c"
kib=$(used ru_maxrss "${RUN[@]}" "$WORK/tables_untouched")
if [ "$kib" -le 150000 ]; then
    pass
else
    fail "a program with threads and large blocks that are used little takes $kib KiB"
fi
finish
