# find_package(p1bridge) reads this: the command as a target, and functions that put it into a build. README.md describes them.
#
# It works where it is installed, and from the source tree. Nothing is built or downloaded. The command runs on the machine that
# builds, so no toolchain file has a say in where it is found.

if(CMAKE_VERSION VERSION_LESS 3.16)
    set(p1bridge_FOUND FALSE)
    set(p1bridge_NOT_FOUND_MESSAGE "this CMake is ${CMAKE_VERSION}, and p1bridge needs 3.16 or newer")
    return()
endif()

# The layers below generated glue, and p1bridge_slot.h: beside this file, or in the source tree.
set(p1bridge_HOST_DIR "${CMAKE_CURRENT_LIST_DIR}/host")
set(_p1bridge_hints "${CMAKE_CURRENT_LIST_DIR}/../../../bin")
if(NOT EXISTS "${p1bridge_HOST_DIR}/p1b_abi.h")
    get_filename_component(_p1bridge_top "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
    set(p1bridge_HOST_DIR "${_p1bridge_top}/runtime-shim/host")
    set(_p1bridge_hints "${_p1bridge_top}/target/release")
endif()

find_program(P1BRIDGE_EXECUTABLE p1bridge
    HINTS ${_p1bridge_hints} "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin"
    DOC "The command p1bridge"
    NO_CMAKE_FIND_ROOT_PATH)
if(NOT P1BRIDGE_EXECUTABLE)
    set(p1bridge_FOUND FALSE)
    set(p1bridge_NOT_FOUND_MESSAGE "there is no command p1bridge; install it, or set P1BRIDGE_EXECUTABLE to its path")
    return()
endif()

# Glue has to be of the release of the layers below it.
execute_process(COMMAND "${P1BRIDGE_EXECUTABLE}" --version
    OUTPUT_VARIABLE _p1bridge_said ERROR_VARIABLE _p1bridge_error RESULT_VARIABLE _p1bridge_result)
if(NOT _p1bridge_result EQUAL 0 OR NOT _p1bridge_said MATCHES "^p1bridge ([^ \r\n]+)")
    set(p1bridge_FOUND FALSE)
    set(p1bridge_NOT_FOUND_MESSAGE
        "P1BRIDGE_EXECUTABLE is ${P1BRIDGE_EXECUTABLE}, which does not run: ${_p1bridge_result} ${_p1bridge_error}")
    return()
endif()
if(NOT CMAKE_MATCH_1 STREQUAL p1bridge_VERSION)
    set(p1bridge_FOUND FALSE)
    set(p1bridge_NOT_FOUND_MESSAGE
        "${P1BRIDGE_EXECUTABLE} is version ${CMAKE_MATCH_1}, and this package is for ${p1bridge_VERSION}")
    return()
endif()

if(NOT TARGET p1bridge::p1bridge)
    add_executable(p1bridge::p1bridge IMPORTED GLOBAL)
    set_target_properties(p1bridge::p1bridge PROPERTIES IMPORTED_LOCATION "${P1BRIDGE_EXECUTABLE}")
endif()
set_property(GLOBAL PROPERTY P1BRIDGE_HOST_DIR "${p1bridge_HOST_DIR}")
set_property(GLOBAL PROPERTY P1BRIDGE_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/p1bridge-run.cmake")

include("${CMAKE_CURRENT_LIST_DIR}/p1bridge-functions.cmake")
