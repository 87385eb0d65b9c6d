# The recorder: libcairn.so, libcairn.a and the two-file form. SPDX-License-Identifier: Apache-2.0
file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/recorder-sources.txt recorder_globs REGEX "^src/")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/recorder-sources.txt)
list(TRANSFORM recorder_globs PREPEND ${PROJECT_SOURCE_DIR}/)
file(GLOB recorder_sources CONFIGURE_DEPENDS ${recorder_globs})

# What holds for the recorder however it is linked. -fexceptions, because regions end also when a function
# is left by an exception or by cancellation.
add_library(cairn_recorder_flags INTERFACE)
target_link_libraries(cairn_recorder_flags INTERFACE cairn_flags)
target_compile_options(cairn_recorder_flags INTERFACE -fexceptions -fvisibility=hidden)
target_compile_definitions(cairn_recorder_flags INTERFACE _GNU_SOURCE)

add_library(cairn_record OBJECT ${recorder_sources})
set_target_properties(cairn_record PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(cairn_record PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(cairn_record PRIVATE cairn_recorder_flags)

add_library(cairn_shared SHARED $<TARGET_OBJECTS:cairn_record>)
add_library(cairn_static STATIC $<TARGET_OBJECTS:cairn_record>)
add_library(cairn::cairn ALIAS cairn_shared)
add_library(cairn::cairn_static ALIAS cairn_static)
foreach(library cairn_shared cairn_static)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME cairn LINKER_LANGUAGE C
                        ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_include_directories(${library} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PUBLIC Threads::Threads)
endforeach()
set_target_properties(cairn_shared PROPERTIES EXPORT_NAME cairn VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR}
                      LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/libcairn.map)
# nodelete: the address space that a recording has taken, and threads' exits, outlive a dlclose.
target_link_options(cairn_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/libcairn.map
                    -Wl,-z,nodelete)
if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize") # clang leaves the sanitizers' symbols to the program
  target_link_options(cairn_shared PRIVATE -Wl,--no-undefined)
endif()

# The generator names what it read, so that the two files follow every header as well.
set(two_file ${PROJECT_BINARY_DIR}/two-file)
add_custom_command(OUTPUT ${two_file}/cairn.c
                   BYPRODUCTS ${two_file}/cairn.h
                   COMMAND ${PROJECT_SOURCE_DIR}/tools/amalgamate -d ${two_file}/cairn.d ${two_file}
                   DEPENDS ${PROJECT_SOURCE_DIR}/tools/amalgamate
                           ${PROJECT_SOURCE_DIR}/cmake/recorder-sources.txt ${recorder_sources}
                   DEPFILE ${two_file}/cairn.d
                   COMMENT "Generating two-file/cairn.h and two-file/cairn.c" VERBATIM)
add_library(cairn_two_file STATIC EXCLUDE_FROM_ALL ${two_file}/cairn.c)
target_include_directories(cairn_two_file PUBLIC ${two_file})
target_link_libraries(cairn_two_file PRIVATE cairn_recorder_flags PUBLIC Threads::Threads)
