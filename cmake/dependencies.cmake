# Every library the product links. A system Arrow 26 or DuckDB 1.5.6 wins over the fetched one.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(GTest REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(pugixml REQUIRED)
find_package(Freetype REQUIRED)
find_package(PNG REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
find_library(SHOESTRING_STEMMER stemmer REQUIRED)  # Nothing says where it is.

# Sanitizers bring an allocator of their own.
if(NOT SHOESTRING_SANITIZE)
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
  set(SHOESTRING_ALLOCATOR PkgConfig::jemalloc)
endif()

# Its bytes become part of the program.
find_file(SHOESTRING_FONT DejaVuSans.ttf REQUIRED
  PATHS /usr/share/fonts/truetype/dejavu /usr/share/fonts/TTF /usr/share/fonts/dejavu)

set(SHOESTRING_DEPS "${PROJECT_SOURCE_DIR}/.deps" CACHE PATH "What scripts/bootstrap fetched")

# Defines an imported library from a file of a fetched package.
function(shoestring_import target file include)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "${file} is missing: run scripts/bootstrap")
  endif()
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION "${file}" INTERFACE_INCLUDE_DIRECTORIES "${include}")
endfunction()

find_package(Arrow 26 QUIET CONFIG)
find_package(Parquet 26 QUIET CONFIG)
if(Arrow_FOUND AND Parquet_FOUND)
  add_library(shoestring_arrow INTERFACE)
  target_link_libraries(shoestring_arrow INTERFACE Arrow::arrow_shared Parquet::parquet_shared)
else()
  set(_arrow "${SHOESTRING_DEPS}/pyarrow/pyarrow")
  shoestring_import(fetched_arrow "${_arrow}/libarrow.so.2600" "${_arrow}/include")
  shoestring_import(fetched_parquet "${_arrow}/libparquet.so.2600" "${_arrow}/include")
  add_library(shoestring_arrow INTERFACE)
  target_link_libraries(shoestring_arrow INTERFACE
    fetched_parquet fetched_arrow)
endif()

find_package(DuckDB 1.5.6 EXACT QUIET CONFIG)
if(DuckDB_FOUND)
  add_library(shoestring_duckdb INTERFACE)
  target_link_libraries(shoestring_duckdb INTERFACE duckdb)
else()
  shoestring_import(fetched_duckdb "${SHOESTRING_DEPS}/duckdb/package/libduckdb.so"
    "${SHOESTRING_DEPS}/duckdb/duckdb-1.5.6/external/duckdb/src/include")
  add_library(shoestring_duckdb INTERFACE)
  target_link_libraries(shoestring_duckdb INTERFACE fetched_duckdb)
endif()
