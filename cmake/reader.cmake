# Reading and analysis: the objects that the tool is made of too, libcairn-reader.so and libcairn-reader.a.
# SPDX-License-Identifier: Apache-2.0
foreach(folder base os format trace analysis reader)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.c)
  list(APPEND reading_sources ${found})
endforeach()
add_library(cairn_reading OBJECT ${reading_sources})
set_target_properties(cairn_reading PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(cairn_reading PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(cairn_reading PRIVATE _GNU_SOURCE)
target_link_libraries(cairn_reading PRIVATE cairn_flags Threads::Threads)

# One object for the static library, in which only the API is external: names such as map_get are not for others, and
# what the recorder has too must not clash with libcairn.a.
set(reader_object ${PROJECT_BINARY_DIR}/cairn-reader.o)
add_custom_command(OUTPUT ${reader_object}
                   COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${reader_object}.whole $<TARGET_OBJECTS:cairn_reading>
                   COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${reader_object}.whole ${reader_object}
                   COMMAND ${CMAKE_COMMAND} -E rm ${reader_object}.whole
                   DEPENDS cairn_reading $<TARGET_OBJECTS:cairn_reading>
                   COMMENT "Joining the objects of libcairn-reader.a" COMMAND_EXPAND_LISTS VERBATIM)

add_library(cairn_reader_shared SHARED $<TARGET_OBJECTS:cairn_reading>)
add_library(cairn_reader_static STATIC ${reader_object})
add_library(cairn::reader ALIAS cairn_reader_shared)
add_library(cairn::reader_static ALIAS cairn_reader_static)
foreach(library cairn_reader_shared cairn_reader_static)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME cairn-reader LINKER_LANGUAGE C
                        ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
                        LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_include_directories(${library} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
target_link_libraries(cairn_reader_shared PRIVATE m Threads::Threads)
target_link_libraries(cairn_reader_static INTERFACE m Threads::Threads)
set(reader_map ${PROJECT_SOURCE_DIR}/cmake/libcairn-reader.map)
set_target_properties(cairn_reader_shared PROPERTIES EXPORT_NAME reader VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${reader_map})
set_target_properties(cairn_reader_static PROPERTIES EXPORT_NAME reader_static)
target_link_options(cairn_reader_shared PRIVATE -Wl,--version-script=${reader_map})
if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize") # clang leaves the sanitizers' symbols to the program
  target_link_options(cairn_reader_shared PRIVATE -Wl,--no-undefined)
endif()
