# What scripts/package takes from the build: the program, and the launcher that starts it
# with the libraries which the package brings.
if(SHOESTRING_SANITIZE)
  return()  # Sanitizers cannot be linked statically, and nobody ships them.
endif()

add_executable(launcher packaging/launcher.cc)
target_link_options(launcher PRIVATE -static)
set_target_properties(launcher PROPERTIES OUTPUT_NAME shoestring
  RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/launcher")

# Installed without the paths by which the build finds its libraries.
install(TARGETS shoestring RUNTIME DESTINATION libexec COMPONENT package)
install(TARGETS launcher RUNTIME DESTINATION bin COMPONENT package)
