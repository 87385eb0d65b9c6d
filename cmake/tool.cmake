# The cairn tool. SPDX-License-Identifier: Apache-2.0
foreach(folder codec import export sql serve cli)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.c)
  list(APPEND tool_sources ${found})
endforeach()
list(REMOVE_ITEM tool_sources ${PROJECT_SOURCE_DIR}/src/cli/main.c)

# SQL, and its prompt.
find_package(SQLite3 3.38) # sqlite3_error_offset
find_path(EDIT_INCLUDE_DIR histedit.h)
find_library(EDIT_LIBRARY edit)
if(NOT SQLite3_FOUND OR NOT EDIT_INCLUDE_DIR OR NOT EDIT_LIBRARY)
  message(FATAL_ERROR "The tool needs SQLite 3.38 or later and libedit (Debian: libsqlite3-dev, libedit-dev); "
                      "`tools/bootstrap build` installs them. Without the tool: -DCAIRN_TOOL=OFF")
endif()

add_library(cairn_tool STATIC ${tool_sources} $<TARGET_OBJECTS:cairn_reading>)
set_target_properties(cairn_tool PROPERTIES ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tool)
target_include_directories(cairn_tool PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(cairn_tool PUBLIC _GNU_SOURCE)
target_include_directories(cairn_tool PRIVATE ${EDIT_INCLUDE_DIR})
target_link_libraries(cairn_tool PUBLIC cairn_flags m Threads::Threads ${CMAKE_DL_LIBS} SQLite::SQLite3 PRIVATE ${EDIT_LIBRARY})

add_executable(cairn ${PROJECT_SOURCE_DIR}/src/cli/main.c)
set_target_properties(cairn PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
target_link_libraries(cairn PRIVATE cairn_tool)

# The man pages and the shell completion come out of the tool's own tables, one page for each command.
if(NOT CMAKE_CROSSCOMPILING)
  set(generated ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${generated})
  # A function of FILE ARGUMENTS...: writes what `cairn help ARGUMENTS...` prints to the file.
  set(generate sh -c "file=$1 && shift && \"$0\" help \"$@\" >\"$file\"" $<TARGET_FILE:cairn>)
  set(page_commands COMMAND ${generate} ${generated}/cairn.1 --man)
  set(pages ${generated}/cairn.1)
  file(GLOB commands CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/cmd_*.c)
  foreach(source ${commands})
    string(REGEX REPLACE ".*/cmd_(.*)\\.c$" "\\1" name ${source})
    list(APPEND page_commands COMMAND ${generate} ${generated}/cairn-${name}.1 --man ${name})
    list(APPEND pages ${generated}/cairn-${name}.1)
  endforeach()
  add_custom_command(OUTPUT ${pages} ${generated}/cairn.bash ${page_commands}
                     COMMAND ${generate} ${generated}/cairn.bash --completion bash
                     DEPENDS cairn COMMENT "Generating man pages and completion" VERBATIM)
  add_custom_target(cairn_generated ALL DEPENDS ${pages} ${generated}/cairn.bash)
endif()
