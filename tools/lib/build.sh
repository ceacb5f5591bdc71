# husk_build SOURCE [CMAKE-OPTION...]: configures and builds SOURCE/build, quietly when all is well. Sourced by the other tools.
husk_build() {
  husk_source=$1
  shift
  # Nobody looks into a new build with a debugger, and what that needs is a third of the compiler's time.
  [ -e "$husk_source/build/CMakeCache.txt" ] ||
    set -- -G Ninja "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -DNDEBUG" -DHUSK_UNITY=ON "$@"
  husk_build_log="$husk_source/build/build.log"
  mkdir -p "$husk_source/build" || return 1
  # What ccache asks for where headers are compiled first (its manual, "Precompiled headers").
  CCACHE_SLOPPINESS=pch_defines,time_macros
  export CCACHE_SLOPPINESS
  echo "husk: building in $husk_source/build" >&2
  if ! { cmake -S "$husk_source" -B "$husk_source/build" "$@" \
           -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
         cmake --build "$husk_source/build" --parallel "$(nproc)"; } </dev/null >"$husk_build_log" 2>&1; then
    grep -E -A 12 'error|FAILED' "$husk_build_log" | head -n 60 >&2
    tail -n 5 "$husk_build_log" >&2
    echo "husk: the build failed; all of its output is in $husk_build_log" >&2
    return 1
  fi
}
