"""programs.py - what does recording cost programs that nobody chose for it? Compilers, servers, loads of allocators.

Owns:   the programs.    Never: starts one, demands a figure.
Start:  WORKLOADS, one entry each.
"""
import compare
import contestants
from compare import SOURCES, Workload

TITLE = "more programs: the whole process, by the plain program's time"
PLAIN = "s"
COLUMNS = contestants.PEERED

GENERATED_C = """test -e {work}/generated.c || awk 'BEGIN {{ for (i = 0; i < 200; i++)
    printf "struct s%d {{ int a, b; struct s%d *next; }};\\nint f%d(struct s%d *s, int n) {{ int sum = 0; "\\
        "for (; s; s = s->next) sum += s->a * n + (s->b > n ? s->a %% 7 : n / 3); return sum ? sum : n; }}\\n", i, i, i, i
}}' >{work}/generated.c"""
REPOSITORY = """test -e {work}/repository || {{
    git init -q -b main {work}/repository
    awk 'BEGIN {{ for (i = 1; i <= 400; i++) {{
        text = ""; for (line = 0; line < 1000; line++) text = text "line " line " of " (line % 40 ? 0 : i) "\\n"
        printf "commit refs/heads/main\\ncommitter A <a@b> %d +0000\\ndata 5\\nstep\\n\\nM 644 inline f%d\\ndata %d\\n%s\\n", \\
            1e9 + i, i % 20, length(text), text
    }} }}' | git -C {work}/repository fast-import --quiet
}}"""
JSON = """test -e {work}/large.json || jq -nc \\
    '[range(60000) | {{id: ., name: "person \\(.)", tags: ["a", "b", (. % 7)], at: {{x: ., y: (. / 3)}}}}]' >{work}/large.json"""
XML = """test -e {work}/large.xml || awk 'BEGIN {{ print "<all>"; for (i = 0; i < 60000; i++)
    printf "<person id=\\"%d\\"><name>person %d</name><at x=\\"%d\\"/></person>\\n", i, i, i * 3; print "</all>" }}' >{work}/large.xml"""
NGINX = """mkdir -p {work}/nginx && printf '%s\\n' 'daemon off; master_process off; pid {work}/nginx/pid; error_log stderr;' \\
    'events {{ }} http {{ access_log off; client_body_temp_path {work}/nginx/1; proxy_temp_path {work}/nginx/2;' \\
    'fastcgi_temp_path {work}/nginx/3; uwsgi_temp_path {work}/nginx/4; scgi_temp_path {work}/nginx/5;' \\
    'server {{ listen 127.0.0.1:18473; location / {{ gzip on; gzip_types *; return 200 "hello hello hello hello"; }} }} }}' \\
    >{work}/nginx/conf"""
# "$@" is the server, under whatever is measured. Its output is not that of the question.
WITH_REDIS = """"$@" >&2 & server=$!
for try in {{1..300}}; do redis-cli -s {work}/redis.sock ping 2>/dev/null | grep -q PONG && break; sleep 0.02; done
redis-benchmark -q -s {work}/redis.sock -n 10000 -c 10 -t set,get,lpush,hset,sadd -r 5000 -d 100 >&2 || exit
redis-cli -s {work}/redis.sock ping
redis-cli -s {work}/redis.sock shutdown nosave >&2
wait $server"""
WITH_AB = """"$@" >&2 & server=$!
for try in {{1..300}}; do test -s {work}/nginx/pid && break; sleep 0.02; done
sleep 0.1
ab -q -n 10000 -c 10 http://127.0.0.1:18473/ | grep -E 'Complete requests|Failed requests'
kill -QUIT "$(cat {work}/nginx/pid)"
wait $server"""


def load(name, threads, rounds=2_000_000, source="allocators"):
    return Workload(f"{source}: {name}, {threads} thread{'s' * (threads > 1)}",
                    [f"{{{source}}}", name, str(threads), str(rounds)], source=f"{source}.c")


def value(name, rounds):
    return Workload(f"C++ values: {name}", ["{values}", name, str(rounds)], source="values.cc")


def ending(name, rounds):
    return Workload(f"left at the end: {name}", ["{endings}", name, str(rounds)], source="endings.c")


def interpreter(name, *command):
    return Workload(f"{name}, a loop of tables and texts", [name, *command], needs=(name,))


LUA = "local t = {{}} for i = 1, 600000 do t[i % 5000] = {{i, tostring(i), {{}}}} end print(#t)"
RUBY = "t = []; 400_000.times {{ |i| t[i % 5000] = [i, \"a text that is longer than its slot: #{{i}}\", {{ i => 1 }}] }}; puts t.size"
GHOSTSCRIPT = "0 1 400000 {{ 20 string cvs pop 5 dict pop }} for quit"


WORKLOADS = [
    Workload("gcc -O2 of 200 functions", ["gcc", "-O2", "-c", "-o", "{work}/generated.o", "{work}/generated.c"],
             prepare=GENERATED_C),
    Workload("g++ -O1 of templates", ["g++", "-std=c++17", "-O1", "-c", "-o", "{work}/templates.o",
                                      str(SOURCES / "containers.cc")]),
    Workload("git log -p", ["git", "-C", "{work}/repository", "--no-pager", "log", "-p"], prepare=REPOSITORY, needs=("git",)),
    Workload("git repack", ["git", "-C", "{work}/repository", "repack", "-adfq"], prepare=REPOSITORY, needs=("git",)),
    Workload("jq", ["jq", "[.[] | select(.id % 3 == 0) | .name] | length", "{work}/large.json"], prepare=JSON, needs=("jq",)),
    Workload("xmllint", ["xmllint", "--xpath", "count(//person[at/@x > 100])", "{work}/large.xml"], prepare=XML,
             needs=("xmllint",)),
    Workload("redis-server, redis-benchmark", ["redis-server", "--port", "0", "--unixsocket", "{work}/redis.sock", "--save", ""],
             driver=WITH_REDIS, needs=("redis-server", "redis-benchmark")),
    Workload("nginx, ab", ["nginx", "-p", "{work}/nginx", "-c", "{work}/nginx/conf"], prepare=NGINX, driver=WITH_AB,
             needs=("nginx", "ab")),
    Workload("200 processes", ["bash", "-c", "for i in {{1..200}}; do /bin/true; done"]),
    Workload("gawk, 400 000 words", ["gawk", "BEGIN {{ for (i = 0; i < 400000; i++) n[\"w\" i % 50021] = n[\"w\" i % 50021] \".\";"
                                     " print length(n) }}"], needs=("gawk",)),
    Workload("php", ["php", "-r", "for ($i = 0; $i < 300000; $i++) $a[] = ['n' => $i, 's' => \"text $i\"]; echo count($a);"],
             needs=("php",)),
    *[load(name, threads) for name in ("passed", "consumer", "growing", "mixed", "trees") for threads in (1, 2)],
    load("passed", 16, 200_000), load("mixed", 16, 100_000), load("large", 1), load("large", 2), load("threads", 1),
    load("threads", 2),
    *[load(name, 1, rounds, "patterns") for name, rounds in [
        ("same", 4_000_000), ("batches", 4_000_000), ("likely", 2_000_000), ("relay", 4_000_000), ("binary", 8_000_000),
        ("search", 8_000_000), ("list", 4_000_000), ("names", 4_000_000), ("numbers", 4_000_000), ("parts", 4_000_000),
        ("deep", 2_000_000), ("doubling", 2_000_000), ("huge", 200_000), ("wide", 2_000_000), ("fibers", 500_000)]],
    *[load(name, 2, 4_000_000, "patterns") for name in ("same", "batches", "binary", "list")],
    *[value(name, rounds) for name, rounds in [
        ("trees", 4_000_000), ("strings", 1_000_000), ("hashed", 1_000_000), ("ordered", 500_000), ("shares", 2_000_000),
        ("vectors", 1_000_000), ("lists", 2_000_000), ("shapes", 2_000_000)]],
    *[ending(name, rounds) for name, rounds in [
        ("list", 2_000_000), ("buffers", 50_000), ("chains", 1_000_000), ("rings", 500_000), ("spills", 20_000), ("forks", 200)]],
    interpreter("lua5.4", "-e", LUA), interpreter("ruby", "-e", RUBY),
    interpreter("gs", "-q", "-dNODISPLAY", "-dBATCH", "-c", GHOSTSCRIPT),
]


def rows(place, chosen):
    return compare.rows(WORKLOADS, place, chosen)
