# A stub: the bytes of FILE as numbers in OUT.
file(READ "${FILE}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1,\n" bytes "${bytes}")
file(WRITE "${OUT}" "${bytes}")
