# Runs what follows `--`, and removes OUTPUTS if it fails: what an earlier build has left must not be taken for them.
#
# They are not removed before: Makefiles have a rule once in each target that needs its output, so two of them may run it at the
# same time. The command replaces a file in one step, and both write the same.
set(command)
set(all "${CMAKE_ARGC}")
set(at 0)
set(seen FALSE)
while(at LESS all)
    if(seen)
        string(REPLACE ";" "\\;" argument "${CMAKE_ARGV${at}}")
        list(APPEND command "${argument}")
    elseif(CMAKE_ARGV${at} STREQUAL "--")
        set(seen TRUE)
    endif()
    math(EXPR at "${at} + 1")
endwhile()
execute_process(COMMAND ${command} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    file(REMOVE ${OUTPUTS})
    message(FATAL_ERROR "p1bridge has failed: ${result}")
endif()
