# husk_precompile(TARGET HEADER...): in a build that is to be whole soon (HUSK_UNITY), what these headers say is read once for all files
# of the target, most of whose compilation is that. Each file includes what it needs all the same: tests/builds compiles them without.
function(husk_precompile target)
  if(HUSK_UNITY)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    # For ccache, which else does not know what a file with a precompiled header includes (its manual, "Precompiled headers").
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  endif()
endfunction()
