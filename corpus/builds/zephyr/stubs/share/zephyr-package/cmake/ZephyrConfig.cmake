# Not Zephyr: stubs that are written after its documentation, so that the project around can be built and run where there is no
# Zephyr. They have only what this project calls, and build for this machine.
project(Zephyr-Kernel LANGUAGES C ASM)
set(ZEPHYR_BINARY_DIR "${CMAKE_BINARY_DIR}/zephyr")
file(MAKE_DIRECTORY "${ZEPHYR_BINARY_DIR}/include/generated")

# The library of the application, and the image.
add_library(app STATIC)
target_include_directories(app PRIVATE "${ZEPHYR_BINARY_DIR}/include/generated")
file(WRITE "${ZEPHYR_BINARY_DIR}/kernel.c" "int kernel;\n")
add_executable(zephyr_final "${ZEPHYR_BINARY_DIR}/kernel.c")
set_target_properties(zephyr_final PROPERTIES OUTPUT_NAME zephyr/zephyr.elf)
target_link_libraries(zephyr_final PRIVATE app m)

# Modules: module.yml says where their CMakeLists.txt is.
foreach(module ${ZEPHYR_EXTRA_MODULES})
    file(STRINGS "${module}/zephyr/module.yml" lines REGEX "^(name|  cmake): ")
    string(REGEX MATCH "name: ([^;]+)" _ "${lines}")
    set(name "${CMAKE_MATCH_1}")
    string(REGEX MATCH "cmake: ([^;]+)" _ "${lines}")
    add_subdirectory("${module}/${CMAKE_MATCH_1}" "modules/${name}")
endforeach()

# The bytes of a file as numbers for #include, and a target that app needs.
function(generate_inc_file source_file generated_file)
    add_custom_command(OUTPUT "${generated_file}"
        COMMAND "${CMAKE_COMMAND}" -D "FILE=${source_file}" -D "OUT=${generated_file}" -P "${Zephyr_DIR}/inc.cmake"
        DEPENDS "${source_file}"
        WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
        VERBATIM)
endfunction()

function(generate_inc_file_for_target target source_file generated_file)
    generate_inc_file("${source_file}" "${generated_file}")
    get_filename_component(name "${generated_file}" NAME)
    add_custom_target("gen_${name}" DEPENDS "${generated_file}")
    add_dependencies("${target}" "gen_${name}")
endfunction()
