#!/usr/bin/env bash
# Every program of tests/programs, with the C library's own allocator.
exec "$(dirname "$0")/run_programs.sh"
