# Each fuzz/<name>_fuzz.cc is a libFuzzer program; scripts/fuzz runs them.
file(GLOB fuzz_sources CONFIGURE_DEPENDS "fuzz/*_fuzz.cc")
foreach(source ${fuzz_sources})
  get_filename_component(name "${source}" NAME_WE)
  add_executable(${name} "${source}")
  target_link_libraries(${name} PRIVATE shoestring_engine shoestring_job)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
