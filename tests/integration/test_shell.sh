#!/bin/bash
# What a person at a shell meets: completion, paging, -q and -v, suggestions, manual pages.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2034
. "$(dirname "$0")/claims.sh"
TOOLS=$(cd "$(dirname "$0")/../../tools" && pwd)
build_sample
sample_recording >"$WORK/s.cast"
mkdir "$WORK/bin"
ln -s "$CASTAWAY" "$WORK/bin/castaway"

# ---- did you mean ----
castaway reprot "$WORK/s.cast"
claim "a misspelt verb" eval 'status_is 127 && err_has "did you mean \`castaway report\`?" && err_lines 1'
castaway zzzz
claim "a word that is near no verb is a command" err_has "zzzz: command not found"
(cd "$WORK" && printf '#!/bin/sh\nexit 7\n' >bin/reprot && chmod +x bin/reprot && PATH=$WORK/bin:$PATH "$CASTAWAY" -q reprot)
claim "a command that is named so is run" test $? = 7
castaway --jsno - true
claim "a misspelt option" err_has 'did you mean `--json`?'

# ---- a verb's own help ----
castaway scan --help
claim "scan --help: its own usage and options" eval 'status_is 0 && out_has "usage: castaway scan PID" && out_has "--generation N"'
claim "scan --help: not those of others" eval 'out_hasnt "--scan-every" && out_hasnt "--html" && out_hasnt "--interval"'
castaway report --help
claim "report --help" eval 'out_has "usage: castaway report FILE" && out_has "--html FILE" && out_hasnt "--scan-every"'
castaway diff x -h y
claim "-h behind words, too" out_has "usage: castaway diff OLD NEW"
castaway report "$WORK/s.cast" --scan-every 1s
claim "an option of another verb is refused" eval 'status_is 125 && err_has "--scan-every: not an option of this verb"'
castaway --help
claim "--help: no line is wider than a terminal of 120 columns" test "$(awk 'length > 120' "$WORK/out" | wc -l)" = 0
for verb in run report suppress annotate advise diff status scan why top doctor completion; do
    castaway "$verb" --help
    claim "$verb --help: nor is one of its own" test "$(awk 'length > 120' "$WORK/out" | wc -l)" = 0
done

# ---- -q, -v ----
castaway -q /bin/true
claim "-q: nothing found, nothing said" eval 'status_is 0 && err_lines 0'
castaway report -q "$WORK/s.cast"
claim "-q: what was found is told" out_has "CYCLE"
castaway report -q "$WORK/s.cast" --show none --fail-on none
claim "-q: what counts for nothing is not" test ! -s "$WORK/out"
sed '/"scan"/,$d' "$WORK/s.cast" >"$WORK/unjudged.cast"
castaway report -q "$WORK/unjudged.cast"
claim "-q: that nothing could be judged is told" out_has "not judged"
castaway report "$WORK/s.cast" --json "$WORK/s.json"
castaway report -v "$WORK/s.cast"
claim "-v: whole fingerprints" out_has "$(jq -r '.findings[0].fingerprint' "$WORK/s.json")"
claim "-v: modules of frames" out_has "server/session.c:5  sample+0x"
claim "-v: the sums of every kind" grep -qE '^    lost-indirect +9 objects +1\.1 MiB' "$WORK/out"
castaway report "$WORK/s.cast"
claim "without it none of these" out_hasnt "sample+0x"

# ---- paging ----
on_terminal() { # ENVIRONMENT ARGUMENTS... : what a terminal shows
    env TERM=xterm "$1" script -qec "'$CASTAWAY' ${*:2}" /dev/null </dev/null | tr -d '\r' >"$WORK/out"
}
on_terminal CASTAWAY_PAGER='sed s/^/page:/' report "$WORK/s.cast"
claim "text on a terminal goes through the pager" out_has "page:SUMMARY: castaway:"
on_terminal PAGER='sed s/^/page:/' report "$WORK/s.cast"
claim "PAGER is the pager" out_has "page:SUMMARY: castaway:"
on_terminal CASTAWAY_PAGER='sed s/^/page:/' report --no-pager "$WORK/s.cast"
claim "--no-pager" eval 'out_has "SUMMARY: castaway:" && out_hasnt page:'
on_terminal CASTAWAY_PAGER= report "$WORK/s.cast"
claim "no pager is wanted" out_has "SUMMARY: castaway:"
on_terminal CASTAWAY_PAGER='sed s/^/page:/' report --text - "$WORK/s.cast"
claim "text that was asked for is not paged" out_hasnt page:
on_terminal CASTAWAY_PAGER='head -1' "report '$WORK/s.cast'; echo status \$?"
claim "a reader that leaves early changes no status" out_has "status 23"
CASTAWAY_PAGER='sed s/^/page:/' castaway report "$WORK/s.cast"
claim "in a file nothing is paged" out_hasnt page:

# ---- completion in bash ----
"$CASTAWAY" completion bash >"$WORK/castaway.bash"
bash_completes() { # WORD... : what the last one becomes
    PATH=$WORK/bin:$PATH bash -c '. /usr/share/bash-completion/bash_completion 2>/dev/null; . "$1"; shift
        compopt() { :; }
        COMP_WORDS=(castaway "$@"); COMP_CWORD=$#; COMP_LINE="castaway $*"; COMP_POINT=${#COMP_LINE}
        _castaway; printf "%s\n" "${COMPREPLY[@]}"' bash "$WORK/castaway.bash" "$@" | sort -u
}
completes() { # EXPECTED WORD...
    bash_completes "${@:2}" >"$WORK/words"
    grep -qxF -- "$1" "$WORK/words" || { tr '\n' ' ' <"$WORK/words"; false; }
}
claim "bash: verbs" completes report repo
claim "bash: options" completes --sarif= report --sa
claim "bash: values" completes lost-indirect report --show = lost-
claim "bash: values behind a blank" completes never report --color ne
claim "bash: files" completes "$WORK/s.cast" report "$WORK/s.ca"
claim "bash: recordings only" eval '! completes "$WORK/sample" report "$WORK/sam"'
claim "bash: files of an option" completes "$WORK/s.json" report --json "$WORK/s.j"
claim "bash: commands" completes castaway castaw
claim "bash: options of a verb only" eval '! completes --interval= report --inter && completes --interval= top --inter'
claim "bash: process ids" completes $$ status ''
claim "bash: shells" completes zsh completion z

# ---- completion in zsh ----
mkdir "$WORK/functions"
"$CASTAWAY" completion zsh >"$WORK/functions/_castaway"
cat >"$WORK/zsh_line.zsh" <<'ZSH'
# zsh_line.zsh FOLDER TYPED OUT: write the line that a tab makes of TYPED to OUT
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell "dump() { print -r -- \$BUFFER >$3.new; mv $3.new $3 }; zle -N dump; bindkey '^X' dump; print -r rea''dy"
zpty -r -m shell line "*ready*"
zpty -w -n shell "$2"$'\t\C-x'
for _ in {1..600}; do [[ -s $3 ]] && break; sleep 0.1; done
zpty -d shell
ZSH
zsh_completes() { # TYPED EXPECTED
    rm -f "$WORK/line"
    PATH=$WORK/bin:$PATH timeout 30 zsh -f "$WORK/zsh_line.zsh" "$WORK/functions" "$1" "$WORK/line"
    grep -qE -- "^$2 *\$" "$WORK/line" || { cat "$WORK/line"; false; }
}
claim "zsh: the script is sound" zsh -n "$WORK/functions/_castaway"
claim "zsh: verbs" zsh_completes "castaway repo" "castaway report"
claim "zsh: options" zsh_completes "castaway report --sar" "castaway report --sarif="
claim "zsh: values" zsh_completes "castaway report --color=nev" "castaway report --color=never"
claim "zsh: files" zsh_completes "castaway report $WORK/s.ca" "castaway report $WORK/s.cast"

castaway completion tcsh
claim "another shell" eval 'status_is 125 && err_has "castaway completion bash"'

# ---- manual pages ----
for verb in $("$CASTAWAY" --help | sed -nE 's/^(usage:)? +castaway \[?([a-z]+)\]? .*/\2/p'); do
    claim "castaway $verb has a manual page" test -s "$TOOLS/castaway-$verb.1"
    claim "castaway(1) names $verb" grep -q "^\.Xr castaway-$verb 1" "$TOOLS/castaway.1"
done
for page in "$TOOLS"/castaway*.1; do
    claim "${page##*/} is sound" eval '! mandoc -T lint -W warning "$page" | grep -v "outdated mandoc.db"'
done
finish
