# Not ESP-IDF: stubs that are written after its documentation, so that the project around can be built and run where there is no
# ESP-IDF. They have only what this project calls, and build for this machine.
set(stubs "${CMAKE_CURRENT_LIST_DIR}")

# The project: its components, and an executable that calls app_main.
macro(project name)
    _project(${name} LANGUAGES C ASM)
    file(GLOB components "${CMAKE_SOURCE_DIR}/components/*")
    foreach(component ${components} "${CMAKE_SOURCE_DIR}/main")
        add_subdirectory("${component}")
    endforeach()
    add_executable(${name}.elf "${stubs}/start.c")
    target_link_libraries(${name}.elf PRIVATE idf::main)
endmacro()

# A component is a static library. COMPONENT_LIB is its name.
function(idf_component_register)
    cmake_parse_arguments(arg "" "" "SRCS;INCLUDE_DIRS;REQUIRES" ${ARGN})
    get_filename_component(name "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
    add_library(__idf_${name} STATIC ${arg_SRCS})
    add_library(idf::${name} ALIAS __idf_${name})
    target_include_directories(__idf_${name} PUBLIC ${arg_INCLUDE_DIRS})
    target_link_libraries(__idf_${name} PUBLIC m)
    foreach(required ${arg_REQUIRES})
        target_link_libraries(__idf_${name} PUBLIC idf::${required})
    endforeach()
    set(COMPONENT_LIB __idf_${name} PARENT_SCOPE)
endfunction()

# Adds the bytes of a file to a target, between _binary_NAME_start and _binary_NAME_end.
function(target_add_binary_data target embed_file embed_type)
    cmake_parse_arguments(arg "" "RENAME_TO" "DEPENDS" ${ARGN})
    get_filename_component(name "${embed_file}" NAME)
    set(source "${CMAKE_BINARY_DIR}/${name}.S")
    add_custom_command(OUTPUT "${source}"
        COMMAND "${CMAKE_COMMAND}" -D "FILE=${embed_file}" -D "SOURCE=${source}" -P "${stubs}/embed.cmake"
        MAIN_DEPENDENCY "${embed_file}"
        DEPENDS ${arg_DEPENDS}
        VERBATIM)
    target_sources(${target} PRIVATE "${source}")
endfunction()
