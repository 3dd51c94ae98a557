# shoestring_embed(target header files…): the sources of target can include "header", which
# has the text of each file as shoestring::embedded::<file name, as an identifier>.
function(shoestring_embed target header)
  set(text "#pragma once\n\n#include <string_view>\n\n")
  string(APPEND text "namespace shoestring::embedded {\n\n")
  foreach(file ${ARGN})
    cmake_path(GET file FILENAME name)
    string(MAKE_C_IDENTIFIER "${name}" name)
    file(READ "${PROJECT_SOURCE_DIR}/${file}" content)
    string(APPEND text "inline constexpr std::string_view ${name} = "
      "R\"embedded(${content})embedded\";\n\n")
    # A changed file is embedded anew by the next build.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
      "${PROJECT_SOURCE_DIR}/${file}")
  endforeach()
  string(APPEND text "}  // namespace shoestring::embedded\n")

  set(folder "${PROJECT_BINARY_DIR}/generated")
  set(old "")
  if(EXISTS "${folder}/${header}")
    file(READ "${folder}/${header}" old)
  endif()
  if(NOT old STREQUAL text)
    file(WRITE "${folder}/${header}" "${text}")
  endif()
  target_include_directories(${target} PRIVATE "${folder}")
endfunction()
