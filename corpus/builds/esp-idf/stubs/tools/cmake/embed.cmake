# A stub: the bytes of FILE as assembler in SOURCE.
file(READ "${FILE}" bytes HEX)
string(REGEX REPLACE "(..)" ".byte 0x\\1\n" bytes "${bytes}")
get_filename_component(name "${FILE}" NAME)
string(MAKE_C_IDENTIFIER "${name}" name)
file(WRITE "${SOURCE}" ".section .rodata
.global _binary_${name}_start
.global _binary_${name}_end
_binary_${name}_start:
${bytes}_binary_${name}_end:
.section .note.GNU-stack,\"\",%progbits
")
