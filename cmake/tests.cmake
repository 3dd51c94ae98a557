# A program that a test of the engines runs, under the sanitizers of the build.
add_executable(engine_load tests/engine_load.cc)
target_link_libraries(engine_load PRIVATE shoestring_engine)

# Tests that drive the binary with real servers and real clients: each test_<name>.py is
# one test of ctest's.
file(GLOB python_tests CONFIGURE_DEPENDS "tests/test_*.py")
foreach(file ${python_tests})
  get_filename_component(name "${file}" NAME_WE)
  string(REGEX REPLACE "^test_" "integration." test "${name}")
  add_test(NAME ${test} COMMAND python3 -m pytest -q -p no:cacheprovider "${file}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${test} PROPERTIES TIMEOUT 1500 ENVIRONMENT
    "PYTHONPATH=${SHOESTRING_DEPS}/python;SHOESTRING_BINARY=$<TARGET_FILE:shoestring>")
endforeach()

# Signs what test_signer.py asks it to.
add_executable(sign_requests tests/sign_requests.cc)
target_link_libraries(sign_requests PRIVATE shoestring_base)
# Answers the API's requests that test_rest.py writes.
add_executable(rest_requests tests/rest_requests.cc)
target_link_libraries(rest_requests PRIVATE shoestring_api)
