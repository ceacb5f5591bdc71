# husk_build SOURCE: configures and builds SOURCE/build, quietly when all is well. Sourced by the other tools.
husk_build() {
  husk_generator=""
  [ -e "$1/build/CMakeCache.txt" ] || husk_generator="-G Ninja"
  husk_build_log="$1/build/build.log"
  mkdir -p "$1/build" || return 1
  echo "husk: building in $1/build" >&2
  if ! { cmake -S "$1" -B "$1/build" $husk_generator \
           -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
         cmake --build "$1/build" --parallel "$(nproc)"; } </dev/null >"$husk_build_log" 2>&1; then
    grep -E -A 12 'error|FAILED' "$husk_build_log" | head -n 60 >&2
    tail -n 5 "$husk_build_log" >&2
    echo "husk: the build failed; all of its output is in $husk_build_log" >&2
    return 1
  fi
}
