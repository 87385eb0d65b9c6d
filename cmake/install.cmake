# What `make install` puts where. SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cairn)
set(libraries cairn_shared cairn_static)
if(TARGET cairn_reader_shared)
  list(APPEND libraries cairn_reader_shared cairn_reader_static)
endif()
install(TARGETS ${libraries} EXPORT cairn-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cairn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

install(EXPORT cairn-targets NAMESPACE cairn:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/cairn-config.cmake.in
                              ${PROJECT_BINARY_DIR}/package/cairn-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/cairn-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/cairn-config.cmake
              ${PROJECT_BINARY_DIR}/package/cairn-config-version.cmake DESTINATION ${package_dir})

# The prefix is told from where the file lies, so that an installed tree can be moved.
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_prefix /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(${PROJECT_SOURCE_DIR}/cairn.pc.in ${PROJECT_BINARY_DIR}/package/cairn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/cairn.pc DESTINATION ${pkgconfig_dir})
if(TARGET cairn_reader_shared)
  configure_file(${PROJECT_SOURCE_DIR}/cairn-reader.pc.in ${PROJECT_BINARY_DIR}/package/cairn-reader.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/cairn-reader.pc DESTINATION ${pkgconfig_dir})
endif()

file(GLOB man3 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.3)
file(GLOB man5 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.5)
install(FILES ${man3} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES ${man5} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES LICENSE README.md CHANGELOG.md doc/format.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(CAIRN_TOOL)
  install(TARGETS cairn RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET cairn_generated)
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${generated}/cairn.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
            RENAME cairn)
  endif()
endif()
